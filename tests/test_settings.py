from pathlib import Path

import pytest

from pipelines.errors import SettingError
from pipelines.settings import read_settings


def test_nothing_set_means_the_embedded_store_in_the_folder_store():
    settings = read_settings({})
    assert settings.store == "embedded"
    assert settings.store_dir == Path("store").absolute()
    assert settings.hub.endpoint == "https://huggingface.co"


def test_an_api_key_chooses_hopsworks_unless_the_store_is_named():
    assert read_settings({"HOPSWORKS_API_KEY": "k"}).store == "hopsworks"
    assert read_settings({"HOPSWORKS_API_KEY": "k", "STORE": "embedded"}).store == "embedded"


def test_an_empty_variable_counts_as_unset():
    settings = read_settings(
        {"HOPSWORKS_API_KEY": "", "STORE": " ", "STORE_DIR": "", "HOPSWORKS_PORT": "", "HF_TOKEN": ""}
    )
    assert (settings.store, settings.hopsworks.port) == ("embedded", 443)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE", "postgres"),
        ("HOPSWORKS_WRITE_PATH", "carrier pigeon"),
        ("HOPSWORKS_PORT", "https"),
        ("HOPSWORKS_PORT", "0"),
        ("HOPSWORKS_PORT", "65536"),
        ("HOPSWORKS_PORT", "\u0664\u0664\u0663"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(name, value):
    with pytest.raises(SettingError, match=f"^{name} is '{value}'"):
        read_settings({name: value})


def test_secrets_never_show_in_a_representation():
    settings = read_settings({"HOPSWORKS_API_KEY": "sesame-one", "HF_TOKEN": "sesame-two"})
    assert "sesame" not in repr(settings)
