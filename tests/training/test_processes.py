import subprocess
import sys
from pathlib import Path

from waiting import ended, wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, time
from joblib import Parallel, delayed, parallel_config
from pipelines.training.processes import parallel_setup
with parallel_config(**parallel_setup()):
    print(*Parallel(n_jobs=2)(delayed(os.getpid)() for _ in range(2)), flush=True)
    time.sleep(3600)
"""


def test_the_processes_of_a_search_end_with_a_training_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True) as training:
        workers = {int(number) for number in training.stdout.readline().split()}
        assert workers
        assert training.pid not in workers
        assert not any(map(ended, workers))
        training.kill()
        wait_until(lambda: all(map(ended, workers)))
