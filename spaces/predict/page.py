"""The app that predicts: a game, a tab a data set, one for whole files, one that explains its use from programs."""

from pathlib import Path

import gradio as gr
from gradio.events import api

from pipelines.datasets import DataSet, all_datasets

from ..files import SpaceFolder
from ..markup import empty, signposts
from .door import Door
from .endpoints import endpoint, name_of
from .file_tab import file_tab
from .game import game_tab
from .one_sample import sample_tab
from .predictor import Predictor, predictor_of
from .program_tab import program_tab
from .tools import use_json_tools

# Seconds after which, and how often, files that somebody uploaded or was given are deleted.
DELETE_AFTER = 3600
NO_SAMPLES = "There are no samples to judge yet. They appear here with the next publication."
NO_MODEL = "There is no model yet. It appears here after the first training."


def build(folder: Path) -> gr.Blocks:
    """The app on what `publish` put into `folder`. Never raises for what is missing there: the page says it instead."""
    use_json_tools()
    space = SpaceFolder(folder)
    by_dataset = [(dataset, [predictor_of(space, task) for task in dataset.tasks]) for dataset in all_datasets()]
    predictors = [each for _, loaded in by_dataset for each in loaded if isinstance(each, Predictor)]
    players = [predictor for predictor in predictors if len(predictor.judgeable)]
    demo = Door(title="Predict", analytics_enabled=False, delete_cache=(DELETE_AFTER, DELETE_AFTER))
    with demo:
        gr.HTML(signposts({**space.links(), "predict": ""}), padding=False)
        gr.Markdown("# Predict\nPlay against a model, ask it about one sample, or about a whole file.")
        with gr.Tab("Game", elem_id="tab-game"):
            game_tab(players) if players else gr.HTML(empty(NO_SAMPLES if predictors else NO_MODEL))
        for dataset, loaded in by_dataset:
            with gr.Tab(dataset.title, elem_id=f"tab-{dataset.name}"):
                _dataset_tab(dataset, loaded)
        with gr.Tab("Files", elem_id="tab-file"):
            file_tab(predictors) if predictors else gr.HTML(empty(NO_MODEL))
        with gr.Tab("API", elem_id="tab-program"):
            program_tab(demo, predictors) if predictors else gr.HTML(empty(NO_MODEL))
        for predictor in predictors:
            api(endpoint(predictor), api_name=name_of(predictor))
    return demo


def _dataset_tab(dataset: DataSet, loaded: list[Predictor | str]) -> None:
    predictors = [each for each in loaded if isinstance(each, Predictor)]
    refusals = [each for each in loaded if isinstance(each, str)]
    gr.Markdown(f"## {dataset.title}\n{dataset.description}")
    if predictors:
        sample_tab(dataset, predictors, refusals)
    for number, refusal in enumerate(refusals if not predictors else ()):
        gr.HTML(empty(refusal), elem_id=f"refusal-{dataset.name}-{number}")
