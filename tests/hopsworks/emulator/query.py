"""From the client's description of a query to SQL, signed on the way out and checked on the way in."""

import hashlib
import hmac
import json
import secrets
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from tests.hopsworks.emulator.http import Request, route
from tests.hopsworks.emulator.world import Json, Project, Refusal, World

_SECRET = secrets.token_bytes(16)
_OPERATORS = {
    "EQUALS": "=",
    "NOT_EQUALS": "<>",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL": ">=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL": "<=",
    "LIKE": "LIKE",
}


class NoTable(Exception):
    """The group was never written to."""


@route("PUT", "P/featurestores/query")
def construct(request: Request, project: Project) -> Json:
    sent = request.json()
    number = sent["leftFeatureGroup"]["id"]
    if number not in project.feature_groups:
        raise Refusal(404, 270009, "Feature group wasn't found.")
    sql = compile_query(sent)
    answer = {"query": sql, "onDemandFeatureGroups": [], "hudiCachedFeatureGroups": []}
    if request.flag("hqs") == "True":
        payload = json.dumps({"project": project.id, "group": number, "sql": sql})
        answer |= {"hqsPayload": payload, "hqsPayloadSignature": sign(payload)}
    return answer


def sign(payload: str) -> str:
    """The signature that the query service asks for."""
    return hmac.new(_SECRET, payload.encode(), hashlib.sha256).hexdigest()


def compile_query(query: Json) -> str:
    """The SQL of a query over one feature group."""
    if query.get("joins"):
        raise Refusal(400, 270001, "The emulator has no joins.")
    columns = ", ".join(_name(feature["name"]) for feature in query["leftFeatures"])
    sql = f"SELECT {columns} FROM feature_group"  # noqa: S608 - names are checked, values quoted
    if query.get("filter"):
        sql += f" WHERE {_logic(query['filter'])}"
    if query.get("limit"):
        sql += f" LIMIT {int(query['limit'])}"
    return sql


def run(world: World, payload: str) -> pa.Table:
    """The rows of a compiled query, in an order that nobody should rely on."""
    wanted = json.loads(payload)
    project = world.projects[wanted["project"]]
    path = str(world.table(project, project.feature_groups[wanted["group"]]))
    if not DeltaTable.is_deltatable(path):
        raise NoTable
    with _database().cursor() as connection:
        connection.register("feature_group", DeltaTable(path).to_pyarrow_dataset())
        rows = connection.sql(wanted["sql"]).to_arrow_table()
    return rows.take(pa.array(_shuffled(len(rows)), pa.int64()))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Opened once, which takes longer than a query; each query has a cursor of its own, and so a view of its own."""
    return duckdb.connect()


def _shuffled(count: int) -> list[int]:
    return sorted(range(count), key=lambda number: hashlib.md5(str(number).encode(), usedforsecurity=False).digest())


def _logic(logic: Json) -> str:
    sides = [_condition(logic[side]) for side in ("leftFilter", "rightFilter") if logic.get(side)]
    sides += [_logic(logic[side]) for side in ("leftLogic", "rightLogic") if logic.get(side)]
    return "(" + f" {logic['type']} ".join(sides) + ")"


def _condition(condition: Json) -> str:
    name, kind = _name(condition["feature"]["name"]), condition["feature"].get("type")
    if condition["condition"] == "IN":
        return f"{name} IN ({', '.join(_literal(value, kind) for value in json.loads(condition['value']))})"
    return f"{name} {_OPERATORS[condition['condition']]} {_literal(condition['value'], kind)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any, kind: str | None) -> str:
    text = "'" + str(value).replace("'", "''") + "'"
    if kind == "timestamp":
        return f"make_timestamp_ms({value})" if str(value).lstrip("-").isdigit() else f"TIMESTAMP {text}"
    return f"CAST({text} AS {kind.upper()})" if kind in ("bigint", "int", "double", "float", "boolean") else text
