"""The model card of a version, as Markdown, from its `model.json`: M. Mitchell et al. (2019), Model cards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.datasets import DataSet, Task
from pipelines.datasets.outcomes import Classes, Number
from pipelines.documents.model import CategoryScores, DataInfo, InputInfo, ModelInfo, SearchCandidate
from pipelines.front.classes import of_hundred
from pipelines.models.metrics import metric_title
from pipelines.training import number_card
from pipelines.wording import bound, escape, estimate, interval, listed, markdown_table, number

# Fewer test rows of a class than this say little about it.
FEW_ROWS = 30
DIGITS = 3  # of a score


def render_card(task: Task, info: ModelInfo) -> str:
    """The card of a version: what it is for, its data, its scores with intervals, its limits, how to load it."""
    kind = KINDS[task.outcome.kind]
    sections = (
        f"# {task.title}, version {info['version']}\n\n{task.description}",
        kind.gist(task, info),
        _use(task),
        _data(task, info),
        _model(task, info),
        kind.scores(task, info),
        kind.decision(task, info),
        kind.ranking(info),
        kind.calibration(info),
        _reliance(task, info),
        _limits(task, info),
        _loading(info),
        _origin(task.dataset, info),
    )
    return "\n\n".join(filter(None, sections)) + "\n"


def _gist(task: Task, info: ModelInfo) -> str:
    """Three lines for somebody who has to decide whether to use it."""
    common, plural = max(info["data"]["class_rows"].items(), key=lambda item: item[1])[0], task.dataset.plural
    right, simplest = info["metrics"]["accuracy"]["value"], info["baseline"]["accuracy"]
    recalls = {name: info["metrics"][f"recall_{name}"]["value"] for name in task.classes}
    told = sorted((share, name) for name, share in recalls.items() if share is not None)
    worst = f"It finds {of_hundred(told[0][0])} {told[0][1]} {plural}, its weakest class. " if told else ""
    good = "" if right is None else f"right about {of_hundred(right)} {plural} that it had never seen"
    base = "" if simplest is None else f"; always saying {common} would be right about {of_hundred(simplest)}"
    return (
        f"- **What it does:** it tells {', '.join(task.classes[:-1])} or {task.classes[-1]} from {len(task.inputs)} "
        f"measurements, and how sure it is.\n- **How good it is:** {good}{base}.\n- **When not to trust it:** {worst}"
        f"{task.dataset.caution}"
    )


def _use(task: Task) -> str:
    predicts = KINDS[task.outcome.kind].predicts(task)
    return (
        f"## Intended use\n\nTo show a complete machine-learning system at work on {task.dataset.title}: "
        f"{task.dataset.description} It predicts {predicts} from {len(task.inputs)} inputs. "
        f"{task.dataset.caution}"
    )


def _data(task: Task, info: ModelInfo) -> str:
    dataset, data = task.dataset, info["data"]
    arrivals = "real reserve rows released by replay" if dataset.split == "random" else "arrivals that have turned out"
    released = f", {len(data['released']):,} of them {arrivals}" if data["released"] else ""
    counts = KINDS[task.outcome.kind].labels(info)
    source = {name: data["source"].get(name, "not recorded") for name in ("name", "sha256")}
    return (
        f"## Data\n\n{dataset.provenance.citation} {dataset.provenance.url}, {dataset.provenance.licence}. "
        f"Source: {escape(source['name'])}, SHA-256 `{source['sha256']}`."
        f"\n\nTrained on {data['rows']:,} rows ({data['distinct_rows']:,} distinct{released}), judged on "
        f"{data['test_rows']:,} distinct test rows. {_split(dataset, data)} "
        f"No simulated row trains a model. Fingerprint of the training data: `{data['fingerprint']}`.\n\n{counts}"
    )


def _split(dataset: DataSet, data: DataInfo) -> str:
    if dataset.split == "time":
        return (
            f"The newest quarter of the days is the test, the week before it is left out, and training ends with "
            f"{str(data.get('trained_until'))[:10]}; the folds of the search are chained forward in time."
        )
    together = (
        "rows with equal or nearly equal measurements are never split up, in the folds of the search neither"
        if data.get("distinguishable", True)
        else "its rows cannot be told apart, so that equal ones count as different samples and none is left out"
    )
    return f"Historical rows are split into 60 % train, 20 % test and 20 % reserve; {together}."


def _model(task: Task, info: ModelInfo) -> str:
    kind, score = KINDS[task.outcome.kind], metric_title(info["scorer"])
    title, second = kind.second
    tried = [
        (each["candidate"], each["parameters"], number(each["score"], DIGITS), number(second(each), DIGITS))
        for each in info["search"]["candidates"]
    ]
    return (
        f"## Model\n\n{info['model'].capitalize()}, chosen by a {info['search']['size']} search (seed "
        f"{info['search']['seed']}){kind.chosen_for(score)}.\n\n"
        + markdown_table(("Candidate", "Tuned parameters", score, title), tried)
    )


def _chosen_for(score: str) -> str:
    return (
        f": of the candidates within one standard error of the best {score}, the one with the lowest log-loss, all on "
        "rows that they had not learned from"
    )


def _scores(task: Task, info: ModelInfo) -> str:
    held_out, baseline = info["metrics"], info["baseline"]
    recalls = [f"recall_{name}" for name in task.classes]
    rows = [
        (metric_title(name), estimate(held_out[name], DIGITS), number(baseline[name], DIGITS))
        for name in held_out
        if name not in recalls
    ]
    classes = [
        (name, sum(counts), estimate(held_out[f"recall_{name}"], DIGITS), _precision(info["confusion"], position))
        for position, (name, counts) in enumerate(zip(task.classes, info["confusion"], strict=True))
    ]
    parts = [
        "## Scores on held-out rows",
        "With 95 % bootstrap intervals, beside those of always answering the majority class.",
        markdown_table(("Score", "Model", "Majority baseline"), rows),
        markdown_table(("Class", "Test rows", "Recall", "Precision"), classes),
        *(_by_category(feature, values, task) for feature, values in info["by_category"].items()),
    ]
    return "\n\n".join(parts)


def _by_category(feature: str, values: Mapping[str, CategoryScores], task: Task) -> str:
    names = list(dict.fromkeys(("accuracy", task.scorer, "log_loss")))
    rows = [
        (
            value,
            part["rows"],
            *(
                f"{estimate(part['scores'][name], DIGITS)}, baseline {number(part['baseline'][name], DIGITS)}"
                for name in names
            ),
        )
        for value, part in values.items()
    ]
    return markdown_table((feature.capitalize(), "Test rows", *map(metric_title, names)), rows)


def _decision(task: Task, info: ModelInfo) -> str:
    rule, cost = info["decision"], info["decision_cost"]
    plain, own = cost["most_probable"], cost["rule"]
    name = metric_title(task.scorer)
    if rule["kind"] == "argmax":
        return "## Decision rule\n\nThe most probable class is the answer."
    if rule["kind"] == "weights":
        weights = ", ".join(f"{label} {weight:.2f}" for label, weight in rule["weights"].items())
        how = f"the class with the largest weight times probability is the answer; the weights are {weights}"
    elif rule["kind"] == "costs":
        how = "the answer whose mistakes cost least on average is given; the costs are those of the task"
    else:
        cuts = ", ".join(f"{cut:.2f}" for cut in rule["cut_points"])
        how = f"the expected position of the class, counted from 0, is cut at {cuts}"
    return (
        f"## Decision rule\n\nThe probabilities are calibrated and the rule is kept apart from them: {how}. Against "
        "answering the most probable class, accuracy goes from "
        f"{number(plain['accuracy'], DIGITS)} to {number(own['accuracy'], DIGITS)} and {name} from "
        f"{number(plain[task.scorer], DIGITS)} to {number(own[task.scorer], DIGITS)}."
    )


def _ranking(info: ModelInfo) -> str:
    """Empty for a version that was made before it was asked."""
    rows = [
        (
            f"{label}{'' if each['enough'] else ' (too few to tell)'}",
            f"{each['of_class']:,} of {each['rows']:,}",
            *(estimate(each[name], DIGITS) for name in ("precision", "recall", "average_precision", "roc_auc")),
        )
        for label, each in info.get("ranking", {}).items()
    ]
    if not rows:
        return ""
    header = ("Class", "Test rows", "Precision", "Recall", "Average precision", "ROC AUC")
    return (
        "## Each class among the others\n\nPrecision: of the samples that got this answer, how many are of the class; "
        "recall: of the class, how many got it; both at the decision rule. Average precision and the area under the "
        "ROC curve say how well the probability ranks the class above all others, whatever the rule; by chance they "
        f"are the share of the class and 0.5. 95 % intervals.\n\n{markdown_table(header, rows)}"
    )


def _calibration(info: ModelInfo) -> str:
    rows = [
        (
            f"{each['low']:.2f} to {each['high']:.2f}",
            each["n"],
            number(each["confidence"], DIGITS),
            interval(each["accuracy"], each["accuracy_low"], each["accuracy_high"], DIGITS),
        )
        for each in info["calibration"]["bins"]
        if each["n"]
    ]
    error, chance = (number(info["calibration"][name], DIGITS) for name in ("error", "chance"))
    return (
        f"## Calibration\n\nThe expected calibration error is {error}; chance alone makes up to {chance} on so few "
        "rows. How often the most probable class is right, by how probable it was said to be:\n\n"
        + markdown_table(("Probability said", "Test rows", "Mean", "Right"), rows)
    )


def _reliance(task: Task, info: ModelInfo) -> str:
    dataset, loss = task.dataset, KINDS[task.outcome.kind].loss
    rows = [
        (dataset.feature(name).title, f"{each['loss']:+.4f}", f"{each['low']:+.4f} to {each['high']:+.4f}")
        for name, each in info["importance"].items()
    ]
    return (
        f"## What it relies on\n\nBy how much the {loss} on the test rows rises when an input is shuffled among them. "
        "Inputs that say the same share their importance.\n\n"
        + markdown_table(("Input", f"Rise of {loss}", "Over the shuffles"), rows)
    )


def _limits(task: Task, info: ModelInfo) -> str:
    rare = KINDS[task.outcome.kind].rare(task, info)
    lines = [
        "Held-out rows come from the same source as the training rows; about others the scores promise nothing.",
        "Live samples are simulated from reserve rows unless they are replayed; the monitor says how real they are.",
        f"Missing measurements count as the median of the training rows; {_gaps(info)} of these had one.",
        *([f"Fewer than {FEW_ROWS} test rows: {', '.join(rare)}; their scores are uncertain."] if rare else []),
    ]
    inputs = markdown_table(
        ("Input", "Unit", "Allowed", "Seen in training"),
        [(task.dataset.feature(name).title, *_range(about)) for name, about in info["inputs"].items()],
    )
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines) + f"\n\n{inputs}"


def _loading(info: ModelInfo) -> str:
    environment = ", ".join(f"{name} {version}" for name, version in info["environment"].items())
    return (
        "## How to load it\n\n```python\nfrom pathlib import Path\n\nfrom pipelines import models\n\n"
        'model = models.load(Path("folder of this version"))\nmodels.predict(model, samples)  # a data frame with the '
        "inputs\n```\n\nEvery file is verified against its checksum; nothing is unpickled. It needs scikit-learn "
        f"{info['scikit_learn']} and was made with Python {info['python']}, {environment}."
    )


def _origin(dataset: DataSet, info: ModelInfo) -> str:
    return (
        f"## Origin\n\nMade {info['created']} from commit `{info['commit'] or 'unknown'}`. The data are licensed "
        f"{dataset.provenance.licence}; the model may be used under the same terms."
    )


def _gaps(info: ModelInfo) -> str:
    missing = {name: about["missing"] for name, about in info["inputs"].items() if about["missing"]}
    return ", ".join(f"{count} of {name}" for name, count in missing.items()) or "none"


def _range(about: InputInfo) -> tuple[str, str, str]:
    if about["kind"] != "numeric":
        return "", listed(about["values"]), listed(about["seen"])
    low, high = ("" if end is None else bound(end) for end in (about["low"], about["high"]))
    ends = [bound(end) for end in (about["min"], about["max"]) if end is not None]
    seen = " to ".join(ends) or "nothing"
    return about["unit"], f"{low} to {high}", seen


def _precision(confusion: Sequence[Sequence[int]], position: int) -> str:
    answered = sum(row[position] for row in confusion)
    return number(confusion[position][position] / answered if answered else None, DIGITS)


def _predicts(task: Task) -> str:
    return " / ".join(task.classes)


def _labels(info: ModelInfo) -> str:
    return markdown_table(("Class", "Distinct training rows"), info["data"]["class_rows"].items())


def _rare(task: Task, info: ModelInfo) -> list[str]:
    """The classes that have too few test rows."""
    return [name for name, counts in zip(task.classes, info["confusion"], strict=True) if sum(counts) < FEW_ROWS]


@dataclass(frozen=True)
class Kind:
    """What the card says differently of classes and of a number, each a section or a part of one.

    `loss` is what an input is judged by, `chosen_for` ends the sentence on the search, `second` is what stands beside
    the score of its candidates, and `rare` tells the classes that have too few test rows.
    """

    loss: str
    gist: Callable[[Task, ModelInfo], str]
    predicts: Callable[[Task], str]
    labels: Callable[[ModelInfo], str]
    chosen_for: Callable[[str], str]
    second: tuple[str, Callable[[SearchCandidate], float | None]]
    scores: Callable[[Task, ModelInfo], str]
    decision: Callable[[Task, ModelInfo], str]
    ranking: Callable[[ModelInfo], str]
    calibration: Callable[[ModelInfo], str]
    rare: Callable[[Task, ModelInfo], list[str]]


KINDS = {
    Classes.kind: Kind(
        loss="log-loss", gist=_gist, predicts=_predicts, labels=_labels, chosen_for=_chosen_for,
        second=("Log-loss", lambda each: each["log_loss"]), scores=_scores,
        decision=_decision, ranking=_ranking, calibration=_calibration, rare=_rare,
    ),
    Number.kind: Kind(
        loss="mean absolute error", gist=number_card.gist, predicts=number_card.predicts, labels=number_card.labels,
        chosen_for=number_card.chosen_for, second=("Standard error", lambda each: each["standard_error"]),
        scores=number_card.scores, decision=number_card.decision, ranking=lambda _: "",
        calibration=number_card.calibration, rare=lambda *_: [],
    ),
}  # fmt: skip
