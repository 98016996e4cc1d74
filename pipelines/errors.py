"""Every error that this project raises on purpose.

PipelineError                 what went wrong and what to do, in one sentence; exit code 1
├── UsageError                the command was called wrongly; exit code 2
│   └── SettingError          an environment variable has a value that cannot be used
├── DeclarationError          a data set is declared in a way that cannot work
├── SourceError               a source file cannot be read as the data set it should be
├── NotReadyError             a step that has to come first has not been run
├── StoreError                the feature store or the model registry
│   ├── StoreUnavailable      it does not answer, or refuses; trying later may help
│   ├── SchemaMismatch        a feature group exists with other columns
│   ├── NotFound              a version or file that does not exist
│   ├── VersionTaken          another run registered this version first
│   └── ChampionMoved         another run moved the champion first
├── ModelRefused              a model folder that must not be used
├── NotPortable               a kind of model that runs in Python only
├── PartlyFailed              one of several data sets or tasks failed; the others are done
├── NotebookError             a notebook that cannot be run, or a cell that failed
└── PublishError              the Hugging Face Hub
"""


class PipelineError(Exception):
    """What went wrong and what to do about it, in one sentence for the person who ran the command."""

    exit_code = 1


class UsageError(PipelineError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class SettingError(UsageError):
    """An environment variable has a value that cannot be used."""


class DeclarationError(PipelineError, ValueError):
    """A data set is declared in a way that cannot work."""


class SourceError(PipelineError):
    """A source file cannot be read as the data set that it should be."""


class NotReadyError(PipelineError):
    """A step that has to come first has not been run."""


class StoreError(PipelineError):
    """The feature store or the model registry could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store does not answer, or does not let us in."""


class SchemaMismatch(StoreError):
    """A feature group exists with other columns than the ones asked for."""


class NotFound(StoreError):
    """A model version or a file that the store does not have."""


class VersionTaken(StoreError):
    """Another run registered this model version first."""


class ChampionMoved(StoreError):
    """Another run moved the champion since it was read."""


class ModelRefused(PipelineError):
    """A model folder is damaged, or was made by software that this environment does not have."""


class NotPortable(PipelineError):
    """A kind of model that runs in Python only."""


class PartlyFailed(PipelineError):
    """One of several data sets or tasks failed; the others are done."""


class NotebookError(PipelineError):
    """A notebook cannot be run as asked, or one of its cells failed."""


class PublishError(PipelineError):
    """The Hugging Face Hub refused or could not be reached."""
