"""Whatever JSON Hopsworks answers to a request: one sentence or nothing, and the next run ends as it should."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_answers import odd_answers, sentence
from small_groups import READINGS, day, readings

from pipelines.errors import StoreError
from tests.hopsworks.harm import log_out

pytestmark = pytest.mark.usefixtures("impatient")

# What the client looks for in answers.
NAMES = ("items", "id", "name", "version", "count", "href", "features", "type", "projectId", "projectName", "state",
         "finalStatus", "attributes", "zip_state", "value", "query", "queryOnline", "topicName", "bootstrapServers",
         "options", "subject", "schema", "featurestoreId", "commitId", "location", "user", "team")  # fmt: skip
# From the login on, writing and reading take so many requests.
REQUESTS = 16
ENOUGH = settings(max_examples=8)


@ENOUGH
@given(answer=odd_answers(NAMES), request=st.integers(0, REQUESTS - 1), times=st.sampled_from((1, -1)))
def test_any_answer_is_a_sentence_or_harmless(kafka_store, emulator, answer, request, times):
    def run():
        log_out()
        kafka_store.upsert(READINGS, readings(("a", 1, day(0))))
        kafka_store.put_file("dashboard/metrics.json", b"{}")
        return list(kafka_store.read(READINGS)["sensor"]), kafka_store.get_file("dashboard/metrics.json")

    emulator.fault(".", status=200, body=answer, skip=request, times=times)
    assert "\n" not in sentence(run, StoreError)
    emulator.reset()
    assert run() == (["a"], b"{}")
