"""Whatever stands in the environment: settings, or one short sentence that names the variable and shows no secret."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SettingError
from pipelines.settings import read_settings

NAMES = ("STORE", "STORE_DIR", "HOPSWORKS_HOST", "HOPSWORKS_PORT", "HOPSWORKS_PROJECT", "HOPSWORKS_WRITE_PATH",
         "HOPSWORKS_CA_BUNDLE", "HOPSWORKS_HOSTNAME_VERIFICATION", "HF_NAMESPACE", "HF_ENDPOINT", "SOURCE_ENDPOINT",
         "GITHUB_API_URL", "GITHUB_REPOSITORY", "HF_DATASET", "HF_HARDWARE", "WEATHER_PLACE")  # fmt: skip
# No environment can hold NUL.
VALUES = st.text(st.characters(exclude_characters="\0"), max_size=300) | st.sampled_from(
    (
        "https://[",
        "s3://a",
        "http://a:99999999999999999999",
        "//",
        "~",
        "~x/y",
        "[::1]:5",
        "1" * 5000,
        "a" * 5000,
        " \t\n",
        "@:",
    )
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_settings_or_a_short_sentence(environ):
    settings, sentence = read(environ)
    if sentence:
        assert sentence.startswith(tuple(environ))
        assert len(sentence) < 700
    else:
        assert 0 < settings.hopsworks.port <= 65535
        assert settings.store_dir.is_absolute()
        assert " " not in settings.hopsworks.host


@given(st.sampled_from(("HOPSWORKS_API_KEY", "HF_TOKEN")), st.text(min_size=8))
def test_no_secret_is_ever_shown(name, value):
    settings, sentence = read({name: value})
    shown = sentence or repr(settings)
    assert value.strip() not in shown or len(value.strip()) < 8


def read(environ):
    """The settings and no sentence, or the sentence."""
    try:
        return read_settings(environ), ""
    except SettingError as error:
        return None, str(error)
