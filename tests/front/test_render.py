import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from front.documents import NOW, RUN_URL, empty, healthy

from pipelines.documents.metrics import DataPart, InputDrift, parse_metrics
from pipelines.front.links import links_of
from pipelines.front.plots import course, distribution
from pipelines.front.render import SECTIONS, front, picture, section, style_sheet
from pipelines.pictures.theme import DARK, LIGHT

SHOWN = {"name": "length", "drifted": True, "days": 7, "n": 70, "labels": [], "edges": [1, 2, 3]}
SHOWN |= {"reference": [0.5, 0.5], "now": [0, 1]}


def test_the_front_has_the_verdict_a_card_a_task_and_the_verdict_of_tomorrow():
    page = front(healthy(), {"iris_variety": b"<svg/>"}, NOW)
    assert page.index("All 3 models keep their promise") < page.index("Iris variety")
    assert page.count('<article class="card') == 3
    assert "Right about <b>98 of 100</b> flowers." in page
    assert "✗ it was versicolor" in page
    assert page.count("data:image/svg+xml;base64") == 1
    assert "hidden data-late-after" in page
    assert "hidden data-late-after" not in front(healthy(), {}, NOW + timedelta(days=3))


def test_every_finding_ends_with_one_full_stop():
    assert ".." not in front(healthy(), {}, NOW + timedelta(days=3))


def test_what_is_waited_for_stands_on_the_card_in_the_picture_and_beside_the_scores():
    document, words = healthy(), "Awaiting the truth: 3, the oldest since 21 November."
    assert "Awaiting" not in front(document, {}, NOW) + picture(document, {}, NOW, LIGHT)
    document["tasks"]["wine_grade"]["awaiting"] |= {"n": 3, "since": "2026-11-21"}
    shown = [front(document, {}, NOW), picture(document, {}, NOW, LIGHT), section("scores", document, "wine_grade")]
    assert [each.count(words) for each in shown] == [1, 1, 1]
    assert words not in section("scores", document, "wine_quality")


def test_an_alarm_says_what_to_do_and_links_to_the_run():
    document = healthy()
    document["tasks"]["iris_variety"]["alarms"][0] |= {"on": True, "since": "2026-11-12"}
    page = front(document, {}, NOW)
    assert "Compare its versions" in page
    for link in (
        RUN_URL,
        "https://github.com/ada/Wines/actions/workflows/promote.yml",
        "/blob/main/docs/monitoring.md",
    ):
        assert link in page


def test_links_follow_from_the_newest_run():
    found = links_of(healthy())
    assert (found.run, found.repository) == (RUN_URL, "https://github.com/ada/Wines")
    assert found.site == "https://ada.github.io/Wines/"
    assert links_of(empty()).repository == ""


def test_addresses_that_are_known_come_before_those_that_follow_from_a_run():
    links = {"repository": "https://git.example/a/b", "predict": "https://p.example", "site": "https://s.example/"}
    found = links_of({**healthy(), "links": links})
    assert (found.repository, found.predict, found.site) == (links["repository"], links["predict"], links["site"])


def test_each_version_links_to_its_card_and_notebook_where_the_store_is_a_branch():
    address = "https://github.com/ada/Wines/blob/store/models/iris_variety/1/"
    page = section("champions", healthy(), "iris_variety")
    assert f"{address}card.md" in page
    assert f"{address}training.ipynb" in page
    assert "card.md" not in section("champions", healthy() | {"store": {"kind": "hopsworks"}}, "iris_variety")


def test_an_address_that_is_none_is_no_link():
    document = healthy()
    for task in document["tasks"].values():
        task["recent"][0]["run_url"] = "javascript:alert(1)"
    assert links_of(document).run == ""
    assert "javascript:" not in front(document, {}, NOW) + section("recent", document, "iris_variety")


@pytest.mark.parametrize("key", sorted({*DataPart.__optional_keys__, *InputDrift.__optional_keys__}))
def test_what_an_earlier_version_did_not_write_is_missing_without_harm(key):
    document = healthy()
    for data in document["datasets"].values():
        data.pop(key, None)
        data["drift"].pop(key, None)
    read = parse_metrics(json.dumps(document).encode())
    assert "All 3 models keep their promise" in front(read, {}, NOW)
    for name in SECTIONS:
        section(name, read, "iris_variety")


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_stands_in_health_and_before_the_first_run(name):
    for document in (healthy(), empty()):
        assert "<p" in section(name, document, "wine_grade") or "<table" in section(name, document, "wine_grade")


def test_the_deciding_score_is_marked_first_and_explained():
    rows = section("scores", healthy(), "wine_grade").split("<tbody>")[1].split("<tr")
    assert "★ Macro-F1, which decides" in rows[1]
    assert "rare ones count as much" in rows[1]


def test_what_people_say_is_no_markup():
    document = healthy()
    document["tasks"]["iris_variety"]["champion_log"][0]["reason"] = "<script>x</script>"
    assert "<script>" not in section("champions", document, "iris_variety")


def test_a_course_shows_versions_promise_change_and_alarm_days():
    document = healthy()
    task, data = document["tasks"]["iris_variety"], document["datasets"]["iris"]
    task["over_time"][-1]["version"] = 2
    task["champion_log"].append({"version": 2, "since": "2026-11-24T06:47:00+00:00"})
    data["drift"]["alarm_days"] = {"2026-11-23": ["length"], "2026-11-22": ["other"]}
    plot = course(task, data, "macro_f1")
    assert plot.count('class="course"') == 2
    assert plot.count('class="alarm-day"') == 1
    assert ">v2</text>" in plot
    assert 'class="band"' in plot
    assert "last 0.62; promised 0.55 to 0.65" in plot
    task["over_time"] = []
    assert course(task, data, "macro_f1") == ""


def test_a_distribution_says_in_words_what_it_shows():
    plot = distribution(SHOWN, "Length <cm>")
    assert "Length &lt;cm&gt;: what came in the last 7 days (70) differs from the reference." in plot
    assert 'class="then"' in plot


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_picture_for_a_readme_is_one_well_formed_file_with_the_verdict(theme):
    document = healthy()
    document["tasks"]["iris_variety"]["alarms"][0] |= {"on": True, "since": "2026-11-12"}
    for shown in (document, healthy(), empty()):
        drawn = picture(shown, {"iris_variety": b"<svg/>"}, NOW, theme)
        ET.fromstring(drawn)  # noqa: S314 - made here
        assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    alarm = picture(document, {}, NOW, theme)
    assert "1 of 3 models needs you: Iris variety" in alarm
    assert "Iris: Below the promise since 12 November." in alarm
    assert theme.bad_paper in alarm


def test_the_style_sheet_has_both_palettes():
    assert "@media (prefers-color-scheme: dark)" in style_sheet()
    assert ".dark .front {--ink" in style_sheet(".dark .front {%s}")
