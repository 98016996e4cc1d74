"""A start of Gradio that may take as long as the machine needs; by itself Gradio gives up after five seconds."""

from gradio import http_server
from gradio.exceptions import ServerFailedToStartError

LOOK_SECONDS = 0.05


class PatientServer(http_server.Server):
    """Gradio's server, which has failed to start only when its thread has ended, as where the port is taken."""

    def run_in_thread(self) -> None:
        """Return when the server has started.

        Raises
        ------
        ServerFailedToStartError
            It has ended before.
        """
        try:
            super().run_in_thread()  # type: ignore[no-untyped-call]
        except ServerFailedToStartError:
            while not self.started:
                self.thread.join(LOOK_SECONDS)
                if not self.thread.is_alive():
                    raise


def be_patient() -> None:
    """Let Gradio start its apps with a `PatientServer`."""
    http_server.Server = PatientServer  # type: ignore[misc]
