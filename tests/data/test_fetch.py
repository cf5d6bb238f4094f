"""Downloads from a real https server on this machine: whole, broken off and resumed, corrupted, absent."""

import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kdsearch.cli.app import app
from kdsearch.data.card import DatasetCard, PublicFile, chosen_files
from kdsearch.data.catalog import CARDS, read_card
from kdsearch.data.fetch import blob_id, check, fetch
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.series_source import SeriesSource
from kdsearch.errors import DataError

READINGS = bytes(range(256)) * 20_000  # 5 MB
GRAPH = b"from,to,cost\n0,1,100\n"


def git_id(content: bytes) -> str:
    """The git blob id of some bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `files`; stops after `stop_after` bytes of a body, and takes ranges unless told otherwise."""

    daemon_threads = True
    files: dict[str, bytes]
    stop_after: int | None = None
    takes_ranges = True
    leads_to: str | None = None
    asked: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    """Serves what its server holds."""

    server: Server

    def do_GET(self) -> None:
        """Answers like a static server, with 206 or 416 where a range is asked for."""
        name, span = self.path.strip("/"), self.headers.get("Range")
        self.server.asked.append((name, span))
        if self.server.leads_to is not None:
            self.send_response(302)
            self.send_header("Location", self.server.leads_to)
            self.end_headers()
            return
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        offset = 0
        if span and self.server.takes_ranges:
            offset = int(re.fullmatch(r"bytes=(\d+)-", span)[1])  # type: ignore[index]
            if offset >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {offset}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[offset:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.stop_after])

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(path.with_name("alone.pem"))]
    subprocess.run([openssl, *words.split(), *names], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_name("alone.pem").read_text())
    return path


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server with the two files of the town, whose certificate is trusted here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        running.files = {"readings.csv": READINGS, "edges.csv": GRAPH}
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def card_at(port: int) -> DatasetCard:
    """A dataset whose files are at a port of this machine."""
    return DatasetCard(
        name="town",
        interval_minutes=5,
        unit=("mph",),
        channels=("speed",),
        series=SeriesSource(file="readings.csv"),
        graph=GraphSource(file="edges.csv", kind="edges"),
        files=tuple(
            PublicFile(
                name=name, source="the town", address=f"https://127.0.0.1:{port}/{name}", blob_id=git_id(content)
            )
            for name, content in (("readings.csv", READINGS), ("edges.csv", GRAPH))
        ),
    )


def names_in(folder: Path) -> set[str]:
    """Names of the files in a folder."""
    return {path.name for path in folder.iterdir()}


def test_blob_id_is_gits(tmp_path: Path) -> None:
    """The empty file and "hello" have the ids that git gives them."""
    path = tmp_path / "a"
    path.write_bytes(b"")
    assert blob_id(path) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    path.write_bytes(b"hello\n")
    assert blob_id(path) == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_fetch_and_check(server: Server, tmp_path: Path) -> None:
    """All files arrive verified, progress ends at their sizes, and a second call asks for nothing."""
    card, folder = card_at(server.server_port), tmp_path / "town"
    assert [status.state for status in check(card, folder)] == ["absent", "absent"]
    seen: dict[str, tuple[int, int]] = {}
    paths = fetch(card, folder, lambda name, here, total: seen.update({name: (here, total)}))
    assert paths[0].read_bytes() == READINGS
    assert names_in(folder) == {"readings.csv", "edges.csv"}
    assert seen["readings.csv"] == (len(READINGS), len(READINGS))
    assert [status.state for status in check(card, folder)] == ["verified", "verified"]
    server.asked.clear()
    fetch(card, folder)
    assert server.asked == []


@pytest.mark.parametrize("takes_ranges", [True, False])
def test_a_broken_off_download_goes_on(server: Server, tmp_path: Path, takes_ranges: bool) -> None:
    """What has arrived is kept beside the final name; the next call asks for the rest, or starts anew if it must."""
    card = card_at(server.server_port)
    server.stop_after, server.takes_ranges = 2_000_000, takes_ranges
    with pytest.raises(DataError, match="broke off after 2,000,000 of 5,120,000 bytes"):
        fetch(card, tmp_path)
    assert names_in(tmp_path) == {"readings.csv.part"}
    server.stop_after = None
    paths = fetch(card, tmp_path)
    assert ("readings.csv", "bytes=2000000-") in server.asked
    assert paths[0].read_bytes() == READINGS
    assert names_in(tmp_path) == {"readings.csv", "edges.csv"}


def test_a_whole_part_is_taken_as_it_is(server: Server, tmp_path: Path) -> None:
    """A download that ended just before its check needs no byte more."""
    (tmp_path / "readings.csv.part").write_bytes(READINGS)
    assert fetch(card_at(server.server_port), tmp_path)[0].read_bytes() == READINGS


@pytest.mark.parametrize("part", [None, b"something older"])
def test_a_corrupted_file_is_refused(server: Server, tmp_path: Path, part: bytes | None) -> None:
    """Content with another hash never gets the final name, and what was wrong is not built upon."""
    if part is None:
        server.files["readings.csv"] = READINGS[:-1] + b"x"
    else:
        (tmp_path / "readings.csv.part").write_bytes(part)
    with pytest.raises(DataError, match=r"gave a file with the git blob id .* put readings\.csv from the town"):
        fetch(card_at(server.server_port), tmp_path)
    assert names_in(tmp_path) == set()


def test_not_found_says_what_to_put_where(server: Server, tmp_path: Path) -> None:
    """A 404 names the address, the file, its source and the folder."""
    del server.files["edges.csv"]
    with pytest.raises(DataError, match=rf"answers 404 .*put edges\.csv from the town .* into {tmp_path}"):
        fetch(card_at(server.server_port), tmp_path)


def test_offline_says_what_to_put_where(tmp_path: Path) -> None:
    """Without a server one sentence names every file that is missing."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(
        DataError, match=rf"could not .*put readings\.csv from .* and edges\.csv from .* into {tmp_path}"
    ):
        fetch(card_at(port), tmp_path)


def test_a_file_of_the_users_own_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    """A part of a dataset that is already there stays; the user is told."""
    (tmp_path / "readings.csv").write_bytes(b"my own")
    card = card_at(server.server_port)
    assert check(card, tmp_path)[0].state == "differs"
    with pytest.raises(DataError, match="is not the public file; move it away"):
        fetch(card, tmp_path)
    assert (tmp_path / "readings.csv").read_bytes() == b"my own"


def test_only_what_can_be_verified_is_fetched(tmp_path: Path) -> None:
    """For METR-LA that is the CSV readings with DCRNN's graph; for demo and a user's own folder, nothing."""
    assert [status.name for status in check(CARDS["metr-la"], tmp_path)] == ["vel.csv", "adj_mx.pkl"]
    assert check(CARDS["demo"], tmp_path) == []
    with pytest.raises(DataError, match="demo has no files to fetch"):
        fetch(CARDS["demo"], tmp_path)


def test_grids_are_not_fetched_but_said_where_to_find(tmp_path: Path) -> None:
    """No public file of theirs has an address that can be verified; nothing promises a command that would fail."""
    remedy = r"put NYC14_M16x8_T60_NewEnd\.h5 \(from the links in data/BikeNYC of github\.com/lucktroy/DeepST"
    with pytest.raises(DataError, match=f"bikenyc has no files to fetch; {remedy}"):
        fetch(CARDS["bikenyc"], tmp_path)
    with pytest.raises(DataError, match=f"bikenyc is not complete in {tmp_path}; {remedy}"):
        chosen_files(CARDS["bikenyc"], tmp_path)
    (tmp_path / "NYC14_M16x8_T60_NewEnd.h5").touch()
    with pytest.raises(DataError, match="bikenyc has no files to fetch; only datasets with public addresses and hash"):
        fetch(CARDS["bikenyc"], tmp_path)


def test_all_other_built_in_datasets_can_be_fetched() -> None:
    """Each card has one form whose files all have an address and a hash of 40 hexadecimal digits."""
    for card in (card for name, card in CARDS.items() if name not in ("bikenyc", "taxibj")):
        assert bool(card.fetchable) == bool(card.file_sets)
        known = {file.name for file in card.files if file.address and re.fullmatch("[0-9a-f]{40}", file.blob_id or "")}
        assert not card.file_sets or any(known.issuperset(form.names) for form in card.file_sets)


def stranger(folder: Path, *, name: str = "town", file: str = "readings.csv", address: str = "") -> Path:
    """A dataset folder from a stranger, whose `dataset.toml` tells `fetch` what to write where."""
    folder.mkdir(parents=True)
    (folder / "dataset.toml").write_text(
        f'name = "{name}"\ninterval_minutes = 5\nunit = "mph"\nchannels = ["speed"]\n'
        f'[series]\nfile = "{file}"\n[graph]\nkind = "grid"\n'
        f'[[files]]\nname = "{file}"\nsource = "a stranger"\naddress = "{address}"\nblob_id = "{git_id(READINGS)}"\n',
        encoding="utf-8",
    )
    return folder


def everything_below(folder: Path) -> dict[Path, bytes]:
    """All files below a folder, with their content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../outside"},
        {"name": "/tmp/outside"},
        {"name": "..\\\\outside"},
        {"file": "../outside.csv"},
        {"file": "a/../../outside.csv"},
        {"file": "/tmp/outside.csv"},
        {"file": "C:/outside.csv"},
        {"file": "..\\\\outside.csv"},
    ],
)
def test_fetch_writes_nothing_outside_its_folder(server: Server, tmp_path: Path, changes: dict[str, str]) -> None:
    """A name that leads out is refused before anything is asked for."""
    address = f"https://127.0.0.1:{server.server_port}/readings.csv"
    folder = stranger(tmp_path / "data" / "town", address=address, **changes)
    before = everything_below(tmp_path)
    result = CliRunner().invoke(app, ["data", "fetch", str(folder), "--data-dir", str(tmp_path / "data")])
    assert result.exit_code != 0
    assert isinstance(result.exception, DataError)
    assert (everything_below(tmp_path), server.asked) == (before, [])


def test_fetch_writes_into_the_folder_that_was_named(server: Server, tmp_path: Path) -> None:
    """A stranger's folder that calls itself like a built-in dataset does not put its files there."""
    address = f"https://127.0.0.1:{server.server_port}/readings.csv"
    folder = stranger(tmp_path / "town", name="pemsd8", file="東京/readings.csv", address=address)
    result = CliRunner().invoke(app, ["data", "fetch", str(folder), "--data-dir", str(tmp_path / "data")])
    assert result.exit_code == 0
    assert (folder / "東京" / "readings.csv").read_bytes() == READINGS
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("link", ["sub", "sub/readings.csv", "sub/readings.csv.part"])
def test_fetch_follows_no_link_out_of_its_folder(server: Server, tmp_path: Path, link: str) -> None:
    """Whether the folder, the file or its unfinished download is a link: what it leads to stays as it is."""
    address = f"https://127.0.0.1:{server.server_port}/readings.csv"
    folder, outside = stranger(tmp_path / "town", file="sub/readings.csv", address=address), tmp_path / "outside"
    outside.mkdir()
    (outside / "own").write_bytes(b"mine")
    place = folder / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside if link == "sub" else outside / ("own" if link.endswith("part") else "new"))
    with pytest.raises(DataError, match=r"leads out of its folder|in the way of the download"):
        fetch(read_card(folder), folder)
    assert everything_below(outside) == {outside / "own": b"mine"}


def test_a_pipe_in_the_place_of_a_download_does_not_hang(server: Server, tmp_path: Path) -> None:
    """Opening it would wait for a reader."""
    address = f"https://127.0.0.1:{server.server_port}/readings.csv"
    folder = stranger(tmp_path / "town", address=address)
    os.mkfifo(folder / "readings.csv.part")
    with pytest.raises(DataError, match="in the way of the download"):
        fetch(read_card(folder), folder)


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "http://127.0.0.1/readings.csv", "ftp://127.0.0.1/a", "data:,x", "https://", "readings.csv"],
)
def test_only_https_addresses_are_taken(tmp_path: Path, address: str) -> None:
    """Other schemes are refused where the card is read."""
    with pytest.raises(DataError, match=r"address in entry 1 of files = .* is no https address"):
        read_card(stranger(tmp_path / "town", address=address))


@pytest.mark.parametrize("leads_to", ["file:///etc/passwd", "http://127.0.0.1:9/x", "ftp://127.0.0.1:9/x"])
def test_an_https_address_leads_to_https_alone(server: Server, tmp_path: Path, leads_to: str) -> None:
    """A server that sends on to another scheme is not followed."""
    server.leads_to = leads_to
    with pytest.raises(DataError, match=r"put readings\.csv from the town"):
        fetch(card_at(server.server_port), tmp_path)
    assert names_in(tmp_path) == set()
