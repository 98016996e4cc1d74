"""The tab for programs: the endpoints, a call with the address of this very page, and the tools."""

import gradio as gr

from .endpoints import name_of
from .predictor import Predictor, measured

# Until the browser has told where it found the page.
ANY_ADDRESS = "http://127.0.0.1:7860/"
# The page inside another page, as on the Hub, has its own address.
ADDRESS = "() => window.location.origin + window.location.pathname"


def program_tab(demo: gr.Blocks, predictors: list[Predictor]) -> None:
    """What to call, and how."""
    words = gr.Markdown(_words(predictors, ANY_ADDRESS))
    address = gr.Textbox(visible=False)
    demo.load(
        lambda told: _words(predictors, told),
        address,
        words,
        js=ADDRESS,
        api_visibility="private",
        show_progress="hidden",
    )


def _words(predictors: list[Predictor], address: str) -> str:
    names = "\n".join(f"- `/{name_of(predictor)}`: {predictor.task.description}" for predictor in predictors)
    return (
        f"## From a program\nThe endpoints, whose names stay:\n\n{names}\n- `/predict_file`: a task and a CSV file.\n\n"
        f"```\n{_program(predictors[0], address)}\n```\n\n"
        "Each parameter may be left out, as a measurement may be missing. The answer is a JSON object. “Use via API” "
        "at the foot of this page lists parameters and types.\n\n"
        f"The same endpoints are tools for MCP clients, at `{address.rstrip('/')}/gradio_api/mcp/`."
    )


def _program(predictor: Predictor, address: str) -> str:
    """A call with the values of a typical sample."""
    typical = measured(predictor.drawable({})[list(predictor.task.inputs)])
    values = [f"    {name}={value!r}," for name, value in typical.items() if value is not None]
    call = ["print(client.predict(", *values, f'    api_name="/{name_of(predictor)}",', "))"]
    return "\n".join(["from gradio_client import Client", "", f"client = Client({address!r})", *call])
