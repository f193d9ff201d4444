"""A whole server on free ports for each test, and the certificate of an HTTPS one."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.house import House, in_process
from tests.flows.people_aids import SCHOOL


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running server with an empty archive."""
    with in_process(tmp_path) as running:
        yield running


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    """A running server with a teacher, an admin, and students who need no account."""
    with in_process(tmp_path, SCHOOL) as house:
        yield house


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate in one file, as SslCertificate wants them."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
