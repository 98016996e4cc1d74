"""A stand-in for Open-Meteo on this machine: the record of Seattle in its wire format, as known on a day, with faults.

Written after its documentation: `daily` with lists of one length, `daily_units`, `utc_offset_seconds`; errors are
`{"error": true, "reason": ...}`.
"""

import csv
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FILE = Path(__file__).parents[2] / "data" / "weather.csv"
DAY = timedelta(days=1)
COLUMNS = {
    "precipitation_sum": ("precipitation", "mm"),
    "temperature_2m_max": ("temp_max", "°C"),
    "temperature_2m_min": ("temp_min", "°C"),
    "wind_speed_10m_max": ("wind", "m/s"),
}
# What a request can meet; each is used up by one request, so that the next attempt may succeed.
FAULTS = ("500", "429", "404", "cut", "html", "list", "schema", "units", "zone", "short", "drop")


@dataclass
class Station:
    """What the source knows, and how it behaves.

    Attributes
    ----------
    today
        The day (UTC) on which it is asked: a day is known from the next one on.
    late
        How many days later than others a day is known.
    corrected
        From which day on another amount of rain is told of a day: `{day: (since, "3.2")}`.
    twice
        Days that are told twice, at first with the rain of nobody.
    down
        Days (of `today`) on which every request ends with an error.
    faults
        What the next requests meet, in order.
    asked
        The query of each request so far.
    """

    today: date = date(2015, 12, 1)
    late: dict[date, int] = field(default_factory=dict)
    corrected: dict[date, tuple[date, str]] = field(default_factory=dict)
    twice: set[date] = field(default_factory=set)
    down: set[date] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, first: date, last: date) -> dict:
        """The days from one to another in the wire format, as known today."""
        told = [row for row in _rows() if first <= row["day"] <= last and self._knows(row["day"])]
        told = [each for row in told for each in self._as_told(row)]
        daily = {"time": [row["day"].isoformat() for row in told]}
        daily |= {name: [float(row[column]) for row in told] for name, (column, _) in COLUMNS.items()}
        units = {name: unit for name, (_, unit) in COLUMNS.items()}
        return {"latitude": 47.44, "longitude": -122.31, "utc_offset_seconds": 0, "timezone": "GMT",
                "daily_units": {"time": "iso8601", **units}, "daily": daily}  # fmt: skip

    def _knows(self, day: date) -> bool:
        return day + (1 + self.late.get(day, 0)) * DAY <= self.today

    def _as_told(self, row: dict) -> list[dict]:
        since, amount = self.corrected.get(row["day"], (date.max, ""))
        told = {**row, "precipitation": amount} if self.today >= since else row
        return [{**told, "precipitation": "99"}, told] if row["day"] in self.twice else [told]


@contextmanager
def running(station: Station) -> Iterator[str]:
    """The address at which a station answers, until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"station": station}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    station: Station

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.station.asked.append({**query, "authorization": self.headers.get("Authorization", "")})
        fault = self.station.faults.pop(0) if self.station.faults else ""
        if self.station.today in self.station.down:
            fault = "500"
        answer = self.station.answer(date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"]))
        self._send(fault, answer)

    def _send(self, fault: str, answer: dict) -> None:
        status, kind, headers = 200, "application/json", {}
        if fault in {"500", "429", "404"}:
            status, headers = int(fault), {"Retry-After": "7"} if fault == "429" else {}
            answer = {"error": True, "reason": "Minutely API request limit exceeded." if fault == "429" else "no"}
        elif fault == "schema":
            answer = {**answer, "daily": {**answer["daily"], "rain_sum": []}}
            del answer["daily"]["precipitation_sum"]
        elif fault == "units":
            answer["daily_units"]["precipitation_sum"] = "inch"
        elif fault == "zone":
            answer |= {"utc_offset_seconds": -28800, "timezone": "America/Los_Angeles"}
        elif fault == "short":
            answer["daily"]["temperature_2m_max"] = answer["daily"]["temperature_2m_max"][:-1]
        elif fault == "list":
            answer = [answer]
        body = json.dumps(answer).encode()
        if fault == "html":
            body, kind = b"<!DOCTYPE html><title>Maintenance</title>", "text/html"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault in {"cut", "drop"} else body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at `asked`."""


def _rows() -> Iterator[dict]:
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {**row, "day": date.fromisoformat(row["date"].replace("/", "-"))}
