from pipelines.publishing.addresses import known_links
from pipelines.settings import read_settings


def test_the_repository_is_known_on_github_and_the_spaces_where_their_owner_is_named():
    assert known_links(read_settings({})) == {}
    assert known_links(read_settings({"GITHUB_REPOSITORY": "ada/Wines"})) == {
        "repository": "https://github.com/ada/Wines"
    }
    found = known_links(
        read_settings({"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://git.example", "HF_NAMESPACE": "ada"})
    )
    assert found == {
        "repository": "https://git.example/a/b",
        "predict": "https://huggingface.co/spaces/ada/serverless-ml-predict",
        "monitor": "https://huggingface.co/spaces/ada/serverless-ml-monitor",
    }
