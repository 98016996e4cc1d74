import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio_client
import httpx
import pandas as pd
import pytest
from gradio_client import handle_file
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from waiting import PATIENCE

from pipelines.datasets import all_tasks
from spaces.predict.answer import answer

# The names that programs rely on: a change here breaks them.
ENDPOINTS = {
    "/predict_iris_variety",
    "/predict_wine_quality",
    "/predict_wine_grade",
    "/predict_wine_type",
    "/predict_file",
}
SETOSA = {"sepal_length": 5.0, "sepal_width": 3.4, "petal_length": 1.5, "petal_width": 0.2}


@pytest.fixture(name="client", scope="module")
def fixture_client(apps):
    return gradio_client.Client(apps["predict"].url, verbose=False)


def test_the_endpoints_have_stable_names_and_nothing_else_is_public(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == ENDPOINTS


def test_an_app_that_nobody_asks_sleeps(apps):
    """By itself Gradio wakes a thousand times a second."""
    begun, before = time.monotonic(), wakes(apps["monitor"].process.pid)
    time.sleep(1)
    assert (wakes(apps["monitor"].process.pid) - before) / (time.monotonic() - begun) < 300


def wakes(pid):
    """How often the threads of a process have gone to sleep."""
    states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", state, re.MULTILINE)[1]) for state in states)


def test_every_parameter_is_documented_with_its_meaning_and_may_be_left_out(client):
    described = client.view_api(return_format="dict")["named_endpoints"]
    for task in all_tasks():
        parameters = described[f"/predict_{task.name}"]["parameters"]
        assert [parameter["parameter_name"] for parameter in parameters] == list(task.inputs)
        assert all(parameter["parameter_has_default"] for parameter in parameters)


def test_a_program_gets_the_same_answer_as_the_page(client, predictors):
    found = client.predict(**SETOSA, api_name="/predict_iris_variety")
    assert found == answer(predictors["iris_variety"], SETOSA)


def test_a_program_may_leave_a_measurement_out(client):
    found = client.predict(petal_length=1.5, petal_width=0.2, api_name="/predict_iris_variety")
    assert found["prediction"] == "setosa"
    assert "Not measured" in found["warnings"][0]


def test_what_cannot_be_right_reaches_a_program_as_the_sentence(client):
    with pytest.raises(gradio_client.exceptions.AppError, match="sepal_length"):
        client.predict(**{**SETOSA, "sepal_length": -1}, api_name="/predict_iris_variety")


def sent(url, name, data):
    """What an endpoint answers to any JSON: an error sentence, or the result."""
    begun = httpx.post(f"{url}/gradio_api/call/{name}", json={"data": data}, timeout=PATIENCE / 1000)
    lines = httpx.get(
        f"{url}/gradio_api/call/{name}/{begun.json()['event_id']}", timeout=PATIENCE / 1000
    ).text.splitlines()
    answered = json.loads(lines[1].removeprefix("data: "))
    return answered["error"] if lines[0] == "event: error" else answered[0]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "The value of petal_width is a list; give one number or text, or leave it out."),
        ([[1]], "The value of petal_width is a list; give one number or text, or leave it out."),
        ({"a": 1}, "The value of petal_width is an object; give one number or text, or leave it out."),
        (True, "petal_width: True is not a number"),
        (10**400, "is infinite"),
        ("x" * 500, "is not a number"),
    ],
)
def test_odd_values_are_answered_in_a_sentence(apps, value, says):
    assert says in sent(apps["predict"].url, "predict_iris_variety", [5.0, 3.4, 1.5, value])


@pytest.mark.parametrize("count", [0, 3, 5])
def test_another_number_of_values_is_answered_in_a_sentence(apps, count):
    assert sent(apps["predict"].url, "predict_iris_variety", [1.0] * count) == (
        f"predict_iris_variety takes sepal_length, sepal_width, petal_length, petal_width; {count} values were sent."
    )


@pytest.mark.parametrize(
    "data",
    [
        ["nothing", None],
        [[], None],
        ["iris_variety", "x"],
        ["iris_variety", {}],
        ["iris_variety", {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
    ],
)
def test_what_is_no_task_and_no_file_is_answered_in_a_sentence(apps, data):
    said = sent(apps["predict"].url, "predict_file", data)
    assert said.startswith("predict_file takes task (one of iris_variety, wine_quality,")
    assert said.endswith("file (an uploaded file); what was sent is something else.")


def test_a_program_sends_a_file_and_gets_files_back(client, tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(",".join(SETOSA) + "\n5.0,3.4,1.5,0.2\n-1,3.4,1.5,0.2\n")
    summary, files, shown, rejected = client.predict("iris_variety", handle_file(path), api_name="/predict_file")
    assert summary == "1 of 2 rows predicted, 1 rejected."
    predictions = pd.read_csv(files[0])
    assert predictions["prediction"].tolist() == ["setosa"]
    assert "sepal_length" in pd.read_csv(files[1])["reasons"].iloc[0]
    assert shown["data"][0][1] == "setosa"
    assert len(rejected["data"]) == 1


def test_a_file_that_cannot_be_read_reaches_a_program_as_the_sentence_without_a_path(client, tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(gradio_client.exceptions.AppError, match=r"The source flowers\.csv has no column sepal_length"):
        client.predict("iris_variety", handle_file(path), api_name="/predict_file")


def test_the_endpoints_are_tools_for_mcp_clients_and_answer_in_json(apps, predictors):
    async def use():
        url = f"{apps['predict'].url}/gradio_api/mcp/"
        async with (
            streamable_http_client(url) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            called = await session.call_tool("predict_iris_variety", SETOSA)
            return tools, called

    # In a thread of its own: where a browser is open in this process, its loop runs in the first one.
    with ThreadPoolExecutor() as pool:
        tools, called = pool.submit(asyncio.run, use()).result()
    assert set(tools) == {name.removeprefix("/") for name in ENDPOINTS}
    described = tools["predict_iris_variety"]
    assert "varieties" in described.description
    assert "green outer leaves" in described.inputSchema["properties"]["sepal_length"]["description"]
    assert not called.isError
    assert json.loads(called.content[0].text) == answer(predictors["iris_variety"], SETOSA)
