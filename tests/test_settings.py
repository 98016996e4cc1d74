from pathlib import Path

import pytest

from pipelines.errors import SettingError
from pipelines.settings import read_job_settings, read_settings


def test_nothing_set_means_the_embedded_store_in_the_folder_store():
    settings = read_settings({})
    assert settings.store == "embedded"
    assert settings.store_dir == Path("store").absolute()
    assert settings.hub.endpoint == "https://huggingface.co"


def test_an_api_key_chooses_hopsworks_unless_the_store_is_named():
    assert read_settings({"HOPSWORKS_API_KEY": "k"}).store == "hopsworks"
    assert read_settings({"HOPSWORKS_API_KEY": "k", "STORE": "embedded"}).store == "embedded"


def test_without_a_key_a_job_takes_nothing_from_the_environment_of_the_cluster():
    assert read_job_settings("delta", {"HOPSWORKS_PORT": "tcp://10.0.0.1:8181"}).hopsworks.in_cluster
    given = read_job_settings("delta", {"HOPSWORKS_API_KEY": "k", "HOPSWORKS_HOST": "h"}).hopsworks
    assert (given.host, given.write_path, given.in_cluster) == ("h", "delta", False)


def test_an_empty_variable_counts_as_unset():
    settings = read_settings(
        {"HOPSWORKS_API_KEY": "", "STORE": " ", "STORE_DIR": "", "HOPSWORKS_PORT": "", "HF_TOKEN": ""}
    )
    assert (settings.store, settings.hopsworks.port) == ("embedded", 443)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE", "postgres"),
        ("ENGINE", "dask"),
        ("SPARK_MASTER", "host:7077"),
        ("HOPSWORKS_WRITE_PATH", "carrier pigeon"),
        ("HF_HARDWARE", "t4-small"),
        ("HOPSWORKS_PORT", "https"),
        ("HOPSWORKS_PORT", "0"),
        ("HOPSWORKS_PORT", "65536"),
        ("HOPSWORKS_PORT", "\u0664\u0664\u0663"),
        ("HOPSWORKS_HOSTNAME_VERIFICATION", "perhaps"),
        ("HOPSWORKS_HOST", "two words"),
        ("HOPSWORKS_HOST", "http://[::1"),
        ("HOPSWORKS_HOST", "https://"),
        ("HOPSWORKS_HOST", "a.example.org:port"),
        ("STORE_DIR", "~nobody-of-this-name/store"),
        ("SOURCE_ENDPOINT", "mirror.example.org"),
        ("SOURCE_ENDPOINT", "ftp://mirror.example.org"),
        ("SOURCE_ENDPOINT", "http://[mirror"),
        ("HOPSWORKS_HOST", "a.example.org:0"),
        ("STORE_DIR", "s3://bucket/store"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(name, value):
    with pytest.raises(SettingError) as caught:
        read_settings({name: value})
    assert str(caught.value).startswith(f"{name} is '{value}'; ")


def test_secrets_never_show_in_a_representation():
    settings = read_settings(
        {"HOPSWORKS_API_KEY": "sesame-one", "HF_TOKEN": "sesame-two", "SOURCE_TOKEN": "sesame-three"}
    )
    assert "sesame" not in repr(settings)
    assert "sesame" not in settings.redacted("sesame-one sesame-two sesame-three")


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        ("c.app.hopsworks.ai", ("c.app.hopsworks.ai", 443)),
        (" https://127.0.0.1 ", ("127.0.0.1", 443)),
        ("127.0.0.1/", ("127.0.0.1", 443)),
        ("127.0.0.1:18443", ("127.0.0.1", 18443)),
        ("https://127.0.0.1:18443/p/119/view?tab=1#top", ("127.0.0.1", 18443)),
        ('"127.0.0.1"', ("127.0.0.1", 443)),
        ("https://me:secret@[::1]:18443/", ("[::1]", 18443)),
        ("", ("", 443)),
    ],
)
def test_a_host_may_be_pasted_from_the_browser(pasted, address):
    settings = read_settings({"HOPSWORKS_HOST": pasted}).hopsworks
    assert (settings.host, settings.port) == address


def test_never_another_port_than_was_set():
    both = {"HOPSWORKS_HOST": "https://a.example.org:8443/p/1", "HOPSWORKS_PORT": "8443"}
    assert read_settings(both).hopsworks.port == 8443
    with pytest.raises(SettingError, match=r"HOPSWORKS_HOST is .*8443.*its port is not the 443 of HOPSWORKS_PORT"):
        read_settings({**both, "HOPSWORKS_PORT": "443"})


def test_a_value_of_thousands_of_digits_is_named_in_a_short_sentence():
    with pytest.raises(SettingError, match=r"HOPSWORKS_PORT is '1+'\.\.\. \(5000 characters\)") as caught:
        read_settings({"HOPSWORKS_PORT": "1" * 5000})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["HOPSWORKS_API_KEY", "HF_TOKEN"])
@pytest.mark.parametrize("value", ["sesame\nopen", "sesame open", "sesame\r\nopen", "s\u00e9same", "sesame\x00open"])
def test_a_secret_that_was_pasted_wrongly_is_named_and_never_printed(name, value):
    with pytest.raises(SettingError, match=f"^{name} holds a blank, a line end") as caught:
        read_settings({name: value})
    assert "same" not in str(caught.value)


def test_white_space_around_a_value_never_matters():
    values = {"HOPSWORKS_API_KEY": " key\n", "HOPSWORKS_PORT": "\t8443 ", "STORE": "hopsworks\r\n", "HF_TOKEN": "t\n"}
    settings = read_settings(values)
    assert (settings.hopsworks.api_key, settings.hopsworks.port, settings.hub.token) == ("key", 8443, "t")


def test_a_tilde_is_the_home_folder_and_quotes_are_no_part_of_a_path(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = read_settings({"STORE_DIR": "'~/flowers'", "HOPSWORKS_CA_BUNDLE": "~/ca.pem"})
    assert (settings.store_dir, settings.hopsworks.ca_bundle) == (tmp_path / "flowers", tmp_path / "ca.pem")


def test_the_certificate_is_checked_unless_somebody_says_no():
    assert read_settings({}).hopsworks.verified
    assert not read_settings({"HOPSWORKS_HOSTNAME_VERIFICATION": "False"}).hopsworks.verified


def test_what_leaves_the_machine_is_without_the_secrets():
    settings = read_settings({"HOPSWORKS_API_KEY": 'key"one', "HF_TOKEN": "hf_two"})
    assert settings.redacted('said key"one, {"a": "key\\"one"} and hf_two') == (
        'said [redacted], {"a": "[redacted]"} and [redacted]'
    )
    assert read_settings({}).redacted("nothing to hide") == "nothing to hide"


@pytest.mark.parametrize(
    "written",
    [
        'ab+c/d=&"e',
        '{"said": "{\\"key\\": \\"ab+c/d=&\\\\\\"e\\"}"}',
        "https://a.example.org/?key=ab%2Bc%2Fd%3D%26%22e",
        "https://a.example.org/ab%2Bc/d%3D%26%22e",
        "<p>ab+c/d=&amp;&quot;e</p>",
        "YWIrYy9kPSYiZQ==",
    ],
)
def test_a_secret_is_found_in_the_forms_in_which_servers_repeat_it(written):
    told = read_settings({"SOURCE_TOKEN": 'ab+c/d=&"e'}).redacted(written)
    assert "[redacted]" in told
    assert not [part for part in ("ab+c", "ab%2Bc", "YWIr") if part in told]


def test_a_secret_that_begins_another_leaves_nothing_of_it():
    settings = read_settings({"HOPSWORKS_API_KEY": "abcd", "HF_TOKEN": "abcdefgh"})
    assert settings.redacted("abcdefgh, abcd") == "[redacted], [redacted]"


def test_a_person_is_called_what_git_calls_them_and_a_run_on_actions_by_its_actor(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[user]\n\tname = Ada Lovelace\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert read_settings({"USER": "ada"}).run.who == "Ada Lovelace"
    assert read_settings({"GITHUB_ACTOR": "ada-on-github"}).run.who == "ada-on-github"
    monkeypatch.setenv("PATH", "")
    assert read_settings({"USER": "ada"}).run.who == "ada"


def test_a_folder_that_is_gone_is_told(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SettingError, match=r"is gone\. Change to one that exists, or set STORE_DIR to a full path"):
        read_settings({})
    assert read_settings({"STORE_DIR": str(tmp_path)}).store_dir == tmp_path


def test_a_name_in_another_encoding_than_utf_8_becomes_text(monkeypatch, tmp_path):
    """Python hands bytes that are no UTF-8 on as halves of characters, which no page can be written with."""
    (tmp_path / "config").write_bytes(b"[user]\n\tname = Andr\xe9\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert read_settings({}).run.who == "Andr\ufffd"
    assert read_settings({"GITHUB_ACTOR": "Andr\udce9"}).run.who == "Andr?"
    with pytest.raises(SettingError, match=r"RUN_URL is .* it must be UTF-8 text"):
        read_settings({"RUN_URL": "https://x/\udce9"})
