import pytest
from hub.repositories import Account, Blob
from hub.repositories import Hub as HubState
from hub.server import running

from pipelines.documents.what_if import WHAT_IF_FILE
from pipelines.publishing.recall import recall_what_if
from pipelines.settings import read_settings
from pipelines.stores.embedded import EmbeddedStore

TOKEN = "hf_writer_token"


@pytest.fixture(name="stand_in")
def fixture_stand_in(monkeypatch):
    with running(HubState(accounts={TOKEN: Account("acme")})) as stand_in:
        monkeypatch.setenv("HF_ENDPOINT", stand_in.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield stand_in


def test_a_store_that_lost_the_months_takes_them_from_the_space(stand_in, tmp_path):
    space = stand_in.hub.create(stand_in.hub.accounts[TOKEN], "acme", "serverless-ml-monitor", "gradio")
    store = EmbeddedStore(tmp_path / "store")
    assert recall_what_if(store, read_settings())
    assert store.get_file(WHAT_IF_FILE) is None
    space.append({WHAT_IF_FILE: Blob(b"kept", large=True)}, "months", "acme")
    assert recall_what_if(store, read_settings())
    assert store.get_file(WHAT_IF_FILE) == b"kept"


def test_where_the_static_page_stands_in_no_month_is_played(stand_in, tmp_path):
    store = EmbeddedStore(tmp_path / "store")
    assert recall_what_if(store, read_settings())
    stand_in.hub.create(stand_in.hub.accounts[TOKEN], "acme", "serverless-ml-site", "static")
    assert not recall_what_if(store, read_settings())
