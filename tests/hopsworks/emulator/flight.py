"""The query service: Arrow Flight over mutual TLS."""

import time

import pyarrow as pa
import pyarrow.flight as fl

from tests.hopsworks.emulator import query
from tests.hopsworks.emulator.certificates import Certificates
from tests.hopsworks.emulator.faults import Faults
from tests.hopsworks.emulator.world import World


class _Signature(fl.ServerMiddleware):
    def __init__(self, value: str) -> None:
        self.value = value


class _SignatureFactory(fl.ServerMiddlewareFactory):
    def start_call(self, info: fl.CallInfo, headers: dict[str, list[str]]) -> _Signature:  # noqa: ARG002
        return _Signature(next(iter(headers.get("hopsworks-signature", [""]))))


class QueryService(fl.FlightServerBase):
    """The Flight server; serves from its construction on."""

    def __init__(self, world: World, certificates: Certificates, faults: Faults) -> None:
        server, authority = certificates.server, certificates.authority
        super().__init__(
            "grpc+tls://127.0.0.1:0",
            tls_certificates=[(server.certificate_pem.encode(), server.key_pem.encode())],
            verify_client=True,
            root_certificates=authority.certificate_pem.encode(),
            middleware={"signature": _SignatureFactory()},
        )
        self._world, self._faults = world, faults

    @property
    def address(self) -> str:
        # The client appends ":5005" to what it is told; behind a slash that is taken as a path.
        return f"127.0.0.1:{self.port}/"

    def list_actions(self, context: fl.ServerCallContext) -> list[tuple[str, str]]:  # noqa: ARG002
        return [("healthcheck", ""), ("get-version", "")]

    def do_action(self, context: fl.ServerCallContext, action: fl.Action) -> list[bytes]:  # noqa: ARG002
        self._misbehave(action.type)
        return [b"5.2.1" if action.type == "get-version" else b"ok"]

    def get_flight_info(self, context: fl.ServerCallContext, descriptor: fl.FlightDescriptor) -> fl.FlightInfo:  # noqa: ARG002
        self._misbehave("get-flight-info")
        ticket = fl.Ticket(descriptor.command)
        return fl.FlightInfo(pa.schema([]), descriptor, [fl.FlightEndpoint(ticket, [])], -1, -1)

    def do_get(self, context: fl.ServerCallContext, ticket: fl.Ticket) -> fl.FlightDataStream:
        self._misbehave("do-get")
        payload = ticket.ticket.decode()
        if context.get_middleware("signature").value != query.sign(payload):
            raise fl.FlightUnauthenticatedError("Signature of the query is missing or wrong.")
        try:
            with self._world.lock:
                return fl.RecordBatchStream(query.run(self._world, payload))
        except query.NoTable as error:
            raise fl.FlightServerError("No delta logs found for the feature group. Details: none") from error

    def _misbehave(self, verb: str) -> None:
        fault = self._faults.take(f"FLIGHT {verb}")
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.status == 503 or fault.drop:
            raise fl.FlightUnavailableError("injected")
        if fault.status == 429:
            raise fl.FlightServerError("no free slot available for the query")
        if fault.status:
            raise fl.FlightServerError(fault.body or "injected")
