"""The certificates of the emulator: an authority, a server, a client, and Java key stores as a cluster sends them."""

import base64
import datetime as dt
import hashlib
import inspect
import ipaddress
import os
import struct
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVICE_DOMAIN = "consul"
PASSWORD = "store-password"
_VALID = dt.timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self._key_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_der(self) -> bytes:
        return self._key_bytes(serialization.Encoding.DER)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def _key_bytes(self, encoding: serialization.Encoding) -> bytes:
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True)
class Certificates:
    """Everything that the emulator needs to be trusted and to trust."""

    authority: Identity
    server: Identity
    client: Identity

    def key_store(self) -> str:
        """A JKS file with the client's key, base64-encoded as the cluster sends it."""
        key = _jks_key(self.client.key_der)
        chain = b"".join(_jks_certificate(identity.certificate_der) for identity in (self.client, self.authority))
        entry = struct.pack(">I", 1) + _jks_alias("client") + struct.pack(">I", len(key)) + key + struct.pack(">I", 2)
        return _jks(entry + chain)

    def trust_store(self) -> str:
        """A JKS file with the authority's certificate, base64-encoded."""
        return _jks(struct.pack(">I", 2) + _jks_alias("authority") + _jks_certificate(self.authority.certificate_der))


def make_certificates() -> Certificates:
    """New certificates for one run of the emulator."""
    authority = issue("emulator authority", None, ())
    names = (
        x509.DNSName("localhost"),
        x509.DNSName(f"flyingduck.service.{SERVICE_DOMAIN}"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    )
    return Certificates(authority, issue("emulator", authority, names), issue("client", authority, ()))


def issue(name: str, issuer: Identity | None, names: tuple[x509.GeneralName, ...]) -> Identity:
    """A certificate for `names`, signed by `issuer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    else:
        builder = builder.add_extension(_signs_certificates(), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _signs_certificates() -> x509.KeyUsage:
    """What strict checks ask of an authority."""
    uses = dict.fromkeys(inspect.signature(x509.KeyUsage).parameters, False)
    return x509.KeyUsage(**{**uses, "key_cert_sign": True, "crl_sign": True})


def _jks(entry: bytes) -> str:
    body = b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, 1) + entry
    password = PASSWORD.encode("utf-16-be")
    digest = hashlib.sha1(password + b"Mighty Aphrodite" + body, usedforsecurity=False).digest()
    return base64.b64encode(body + digest).decode()


def _jks_alias(alias: str) -> bytes:
    return struct.pack(">H", len(alias)) + alias.encode() + struct.pack(">Q", 0)


def _jks_certificate(der: bytes) -> bytes:
    return struct.pack(">H", 5) + b"X.509" + struct.pack(">I", len(der)) + der


def _jks_key(der: bytes) -> bytes:
    """Sun's own key protection: an XOR with chained SHA-1 sums, in an ASN.1 envelope."""
    password, salt = PASSWORD.encode("utf-16-be"), os.urandom(20)
    stream, link = b"", salt
    while len(stream) < len(der):
        link = hashlib.sha1(password + link, usedforsecurity=False).digest()
        stream += link
    hidden = bytes(left ^ right for left, right in zip(der, stream, strict=False))
    check = hashlib.sha1(password + der, usedforsecurity=False).digest()
    return _asn1(0x30, _asn1(0x30, _KEY_PROTECTOR + b"\x05\x00") + _asn1(0x04, salt + hidden + check))


_KEY_PROTECTOR = bytes.fromhex("060a2b060104012a02110101")


def _asn1(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content
