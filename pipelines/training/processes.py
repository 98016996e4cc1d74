"""How the processes that share the work of a search are set up."""

import os
import threading
import time
from typing import Any

_SECONDS_BETWEEN_LOOKS = 1


def parallel_setup() -> dict[str, Any]:
    """What `joblib.parallel_config` takes: processes of one thread each, which end with the one that starts them."""
    return {
        "backend": "loky",
        "inner_max_num_threads": 1,
        "initializer": end_with,
        "initargs": (os.getpid(),),
    }


def end_with(parent: int) -> None:
    """Let this process end soon after its parent, be it killed: a worker of loky would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
