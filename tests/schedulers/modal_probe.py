"""Imports the Modal app with the real package and prints what it would schedule and run; see test_modal_app."""
# ruff: noqa: T201 - its output is what the test reads

import json
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from unittest.mock import patch

import modal

declared, ran = {}, {}
real_function = modal.App.function


def function(app, **options):
    register = real_function(app, **options)

    def remember(body):
        declared[body.__name__] = options
        return register(body)

    return remember


def import_app(path):
    spec = spec_from_file_location("modal_app", path)
    module = module_from_spec(spec)
    sys.modules["modal_app"] = module
    spec.loader.exec_module(module)
    return module


with patch.object(modal.App, "function", function):
    module = import_app(sys.argv[1])

os.environ["HF_TOKEN"] = "token"
for name in declared:
    with patch.object(module.subprocess, "run") as run, patch.object(module.store, "commit") as commit:
        getattr(module, name).local()
    ran[name] = {"commands": [call.args[0] for call in run.call_args_list], "commits": commit.call_count}

schedules = {name: options["schedule"] for name, options in declared.items() if "schedule" in options}
print(
    json.dumps(
        {
            "app": module.app.name,
            "crons": {name: schedule.proto_message.cron.cron_string for name, schedule in schedules.items()},
            "volumes": {name: list(options["volumes"]) for name, options in declared.items()},
            "containers": {name: options["max_containers"] for name, options in declared.items()},
            "ran": ran,
        }
    )
)
