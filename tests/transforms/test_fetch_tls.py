"""Over TLS the tested address is dialled, while name, SNI and certificate stay those of the host."""

import datetime
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from imgapis.base.outbound import fetch
from tests.transforms.raw_origin import PUBLIC, Dialler, RawOrigin, answer, get


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for a.test, as a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.test")])
    now = datetime.datetime.now(datetime.UTC)
    signed_certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "a.pem"
    encoding = serialization.Encoding.PEM
    key_bytes = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key_bytes + signed_certificate.public_bytes(encoding))
    return path


class SecureOrigin(RawOrigin):
    """A raw origin behind TLS; `names` holds the server names asked for."""

    def __init__(self, talk, certificate):
        self.names = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.sni_callback = lambda connection, name, context: self.names.append(name)
        super().__init__(talk)

    def _serve(self, connection):
        try:
            super()._serve(self._context.wrap_socket(connection, server_side=True))
        except OSError:  # the client did not like us
            connection.close()


@pytest.fixture
def trusting(certificate):
    """A client's context that trusts the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    return context


def test_sni_host_and_certificate_are_the_hosts_own_and_the_address_is_the_tested_one(certificate, trusting):
    """S4"""
    origin = SecureOrigin(answer(), certificate)
    dialler = Dialler(origin.port)
    assert get("https://a.test/", dialler=dialler, tls=trusting).body == b"picture"
    assert origin.names == ["a.test"] and b"\r\nHost: a.test\r\n" in origin.requests[0]
    assert dialler.dialled == [PUBLIC]
    origin.close()


@pytest.mark.parametrize("url", ["https://b.test/", "https://8.8.8.8/"])
def test_a_certificate_for_another_name_is_refused(certificate, trusting, url):
    origin = SecureOrigin(answer(), certificate)
    with pytest.raises(fetch.FetchError) as excinfo:
        get(url, dialler=Dialler(origin.port), tls=trusting)
    assert excinfo.value.code == "source_unreachable" and origin.requests == []
    origin.close()


def test_a_certificate_nobody_vouches_for_is_refused(certificate):
    origin = SecureOrigin(answer(), certificate)
    with pytest.raises(fetch.FetchError) as excinfo:
        get("https://a.test/", dialler=Dialler(origin.port))
    assert excinfo.value.code == "source_unreachable" and origin.requests == []
    origin.close()


def test_a_redirect_down_to_http_is_refused(certificate, trusting):
    """S7"""
    origin = SecureOrigin(answer(b"", "302 Found", "Location: http://a.test/"), certificate)
    dialler = Dialler(origin.port)
    with pytest.raises(fetch.FetchError) as excinfo:
        get("https://a.test/", dialler=dialler, tls=trusting)
    assert excinfo.value.code == "source_redirect" and dialler.dialled == [PUBLIC]
    origin.close()


def test_a_slow_body_over_tls_meets_the_deadline(certificate, trusting):
    """R1"""

    def talk(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not threading.Event().wait(0.02):
            connection.sendall(b"x")

    origin = SecureOrigin(talk, certificate)
    with pytest.raises(fetch.FetchError) as excinfo:
        get("https://a.test/", dialler=Dialler(origin.port), tls=trusting, seconds=0.4)
    assert excinfo.value.code == "source_timeout"
    origin.close()


def test_a_handshake_that_never_ends_meets_the_deadline():
    """R1"""
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(fetch.FetchError) as excinfo:
        get("https://a.test/", dialler=Dialler(listener.getsockname()[1]), seconds=0.3)
    assert excinfo.value.code == "source_timeout"
