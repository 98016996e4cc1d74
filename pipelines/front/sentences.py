"""What a task does, in words that need no explanation: counted in hundreds, beside the simplest answer."""

from datetime import date, timedelta

from pipelines.documents.metrics import Answer, Awaiting, DataPart, Predicted, TaskPart
from pipelines.front.kinds import kind_of
from pipelines.front.verdict import too_early
from pipelines.wording import as_sentence, awaiting_words, day_words

NEAR_DAYS = {0: "Today", 1: "Tomorrow"}


def plain_sentences(task: TaskPart, data: DataPart) -> tuple[str, str]:
    """What the task does, and what that is to be compared with; live where enough has turned out, else as promised."""
    plural, kind = data["plural"], kind_of(task)
    if task["champion"] is None and task["version"] is None:
        return "No model has been trained yet.", "The first training makes one."
    if forecast := _forecast(task, plural):
        return forecast, " ".join(filter(None, (_record(data), _untold(task, plural) or kind.beside(task))))
    if too_early(task):
        return kind.promised(task, plural), _untold(task, plural)
    return kind.sentence(task, plural), kind.beside(task)


def outcome_words(task: Predicted, row: Answer) -> tuple[str, str]:
    """Whether the prediction of a row came true: the state of the words, and the words."""
    return kind_of(task).outcome(task, row)


def awaiting_sentence(still: Awaiting) -> str:
    """How many outcomes are waited for, and since when; empty where none is."""
    return as_sentence(awaiting_words(still["n"], still["since"]))


def _untold(task: TaskPart, plural: str) -> str:
    """Why nothing can be said of what arrived yet; empty where something can."""
    return f"New {plural} have not told enough yet: {too_early(task)}." if too_early(task) else ""


def _forecast(task: TaskPart, plural: str) -> str:
    """What is said of the day ahead, and on how many days that was right; empty where no day is."""
    if not task.get("ahead") or not task["recent"]:
        return ""
    newest = task["recent"][0]
    day = date.fromisoformat(newest["event_time"][:10]) + timedelta(days=task["ahead"])
    away = (day - date.fromisoformat(str(task["last_run"])[:10])).days
    settled = [row for row in task["recent"] if row["label"] is not None]
    return f"{NEAR_DAYS.get(away, day_words(day))}: {kind_of(task).forecast(task, newest, settled, plural)}"


def _record(data: DataPart) -> str:
    return f"This is a record of {data['record']}, played day by day." if data.get("record") else ""
