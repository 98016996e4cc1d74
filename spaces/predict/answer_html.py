"""One answer as HTML: the drawn sample, the verdict in words, and tables that say why."""

from collections.abc import Mapping
from typing import Any

from pipelines.models.metrics import metric_title
from pipelines.pictures.portrait import portrait
from pipelines.wording import estimate, number

from ..markup import bar, image, note, table, text
from .predictor import TELLING, Predictor

ALMOST_ONE = 0.99
# Scores that say most to a person who meets the model for the first time; the card has all.
TOLD = ("accuracy", "balanced_accuracy", "log_loss")


def page_of(predictor: Predictor, answer: Mapping[str, Any], truth: str | None = None) -> str:
    """An `answer.answer` as HTML, judged where it is known what the sample turned out to be."""
    parts = [
        _verdict(predictor, answer, truth),
        *(note(text(warning), "warning") for warning in answer["warnings"]),
        _probabilities(answer),
        _pushes(predictor, answer),
        _nearest(predictor, answer),
        _model(predictor),
    ]
    return "".join(parts)


def _verdict(predictor: Predictor, answer: Mapping[str, Any], truth: str | None) -> str:
    label = answer["prediction"]
    chance = answer["probabilities"][label]
    return (
        f'<div class="answer">{drawing(predictor, answer["sample"], label)}<div class="words" role="status">'
        f'<p>{text(predictor.task.title)}</p><p class="verdict">{text(label)}</p>'
        f"{judged(label, truth)}"
        f"<p>Probability {chance_text(chance)}: {text(answer['confidence'])}. {text(answer['remembered'] or '')}</p>"
        f"<p>{text(answer['decision'])}</p></div></div>"
    )


def brief(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    """The gist of an answer, for where there is no room for more."""
    label = answer["prediction"]
    return f"{predictor.task.title}: {label} ({chance_text(answer['probabilities'][label])})"


def judged(label: str, truth: str | None) -> str:
    """Whether an answer was right, in a sign and in words; empty where that is not known."""
    if truth is None:
        return ""
    kind, words = ("right", f"✓ Right: it is {truth}.") if label == truth else ("wrong", f"✗ Wrong: it is {truth}.")
    return f'<p class="truth {kind}">{text(words)}</p>'


def chance_text(chance: float) -> str:
    """A probability as people say it."""
    # No model is certain, whatever its rounded probability says.
    return f"{chance:.0%}" if chance < ALMOST_ONE else f"over {ALMOST_ONE:.0%}"


def drawing(predictor: Predictor, sample: Mapping[str, Any], label: str) -> str:
    """The sample as a drawing, of the class `label` or, where that is empty, so that it does not tell which."""
    task = predictor.task
    # A card says what was not measured; other drawings need all values.
    whole = predictor.drawable(sample).to_dict() if task.dataset.draw else sample
    drawn = portrait(task, whole, label, predictor.learnt)
    return image(drawn, f"A drawing of the sample{f' as {task.title.lower()} {label}' if label else ''}.", "svg+xml")


def _probabilities(answer: Mapping[str, Any]) -> str:
    chances = answer["probabilities"]
    told = sorted(chances, key=lambda label: -chances[label])[:TELLING]
    rows = [[text(label), f"{chances[label]:.1%}", bar(chances[label])] for label in chances if label in told]
    if len(chances) > len(told):
        others = sum(chances[label] for label in chances if label not in told)
        rows.append([f"{len(chances) - len(told)} other classes", f"{others:.1%}", bar(others)])
    return table("Probability of each class", ("Class", "Probability", "Share"), rows)


def _pushes(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    label, pushes = answer["prediction"], answer["pushes"]
    if not pushes:
        return ""
    rows = [
        [
            text(predictor.task.dataset.feature(push["input"]).title),
            shown(push["value"]),
            shown(push["typical"]),
            points(push["effect"]),
            bar(abs(push["effect"]), "away" if push["effect"] < 0 else ""),
        ]
        for push in pushes[:TELLING]
    ]
    caption = f"What pushed the probability of {label} up (+) or down (-), compared with a typical sample"
    return table(caption, ("Input", "Here", "Typical", "Points", "Strength"), rows)


def _nearest(predictor: Predictor, answer: Mapping[str, Any]) -> str:
    if not answer["nearest"]:
        return ""
    titles = [feature.title for feature in predictor.telling]
    rows = [
        [text(near["sample_id"]), text(near["label"]), f"{near['distance']:.2f}"]
        + [shown(near[feature.name]) for feature in predictor.telling]
        for near in answer["nearest"]
    ]
    caption = "The nearest real samples that the model learnt from (distance in standard deviations)"
    return table(caption, ("Sample", predictor.task.title, "Distance", *titles), rows)


def _model(predictor: Predictor) -> str:
    info = predictor.model.info
    told = [name for name in dict.fromkeys((predictor.task.scorer, *TOLD)) if name in info.get("metrics", {})]
    rows = [
        [text(metric_title(name)), estimate(info["metrics"][name]), number(info.get("baseline", {}).get(name))]
        for name in told
    ]
    caption = f"Model version {predictor.model.version} of {str(info.get('created', ''))[:10]}, on samples kept from it"
    return table(caption, ("Score", "Held-out (95 %)", "Always the majority class"), rows)


def points(effect: float) -> str:
    """A change of probability in hundredths, without a sign where it is none."""
    rounded = round(100 * effect, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def shown(value: float | str | None) -> str:
    """A measured value as people write it."""
    return "not measured" if value is None else text(value) if isinstance(value, str) else f"{value:g}"
