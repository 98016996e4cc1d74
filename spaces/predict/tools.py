"""The endpoints as tools for MCP clients: what they return is read by a program, so it is JSON."""

import json
from typing import Any

import gradio.mcp


class JsonTools(gradio.mcp.GradioMCPServer):
    """Gradio's server, which would write an object as Python does, with single quotes and None."""

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:  # noqa: ANN401 - as Gradio has it
        """The content of an answer; what is no object or list of our own is left to Gradio."""
        return super().postprocess_output_data([_as_json(value) for value in data], root_url)


def use_json_tools() -> None:
    """Let every app that starts from here on answer its tools in JSON: Gradio looks the class up by this name."""
    gradio.mcp.GradioMCPServer = JsonTools  # type: ignore[misc]


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    is_file = isinstance(value, dict) and "path" in value
    return value if is_file or not isinstance(value, dict) else json.dumps(value, ensure_ascii=False)
