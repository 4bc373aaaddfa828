"""A machine that was measured: its file, its rates by hand, and what is said where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.hardware.device import Device
from archcost.hardware.local import VARIABLE, device_text, local_device, local_path
from archcost.hardware.measured import Calibration, PassRate, ProductRate
from archcost.render.calibration import CalibrationDocument
from archcost.render.printing import write
from archcost.spec.loader import loads
from archcost.timing.calibration_cases import BLOCK, blocks, cases
from archcost.timing.kernels import DeviceKernel, Pipe
from archcost.timing.rate_fits import Chain, company, pass_rates, product_rates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

RELU = PassRate(4000, ((10_000, 10**9), (1_000_000, 2 * 10**9), (100_000_000, 10**9)))
MEASURED = Calibration(
    torch="2.14.1",
    threads=2,
    dtype="float32",
    spread=31,
    load=400,
    share=1500,
    each_ns=1000,
    products={
        "convolution": ProductRate(10_000, 10**11, 10**10, 5 * 10**9, 2000),
        "pointwise": ProductRate(5000, 2 * 10**11, 0, 0),
    },
    passes={"relu": RELU},
)
BOX = Device(
    "local",
    2**34,
    title='A "box", 2 threads',
    kind="cpu",
    bytes_per_second=10**10,
    peaks={"float32": 10**11, "bfloat16": 2 * 10**11},
    measured=MEASURED,
)


def written(folder: Path, device: Device = BOX) -> Path:
    path = folder / "archcost" / "local.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(device_text(device), encoding="utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


def test_a_device_is_read_as_it_was_written(home: Path) -> None:
    path = written(home)
    found = local_device()
    assert found._replace(sources=()) == BOX
    assert local_path() == str(path)
    assert device_text(found) == path.read_text(encoding="utf-8")
    assert archcost.device("local") == archcost.device(str(path)) == archcost.devices("LOCAL")[0] == found


def test_the_variable_names_another_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(home / "elsewhere")
    monkeypatch.setenv(VARIABLE, str(path))
    assert local_device().measured == MEASURED


def test_without_a_file_the_way_out_is_told(home: Path, run: Callable[..., Run]) -> None:
    for words in (
        ("predict", "conv1x1", "--device", "local"),
        ("analyze", "conv1x1", "--device", "local"),
        ("compare", "conv1x1", "conv5x5", "--device", "local"),
        ("explain", "conv1x1", "--device", "local"),
        ("fits", "conv1x1", "--device", "local"),
        ("devices", "local"),
    ):
        result = run(*words)
        assert result.code == 2
        assert "this machine was not measured" in result.err
        assert "`archcost calibrate`" in result.err


def test_every_command_takes_it(home: Path, run: Callable[..., Run]) -> None:
    written(home)
    for words in (
        ("predict", "conv1x1", "--device", "local"),
        ("analyze", "conv1x1", "--device", "local"),
        ("fits", "conv1x1", "--device", "local"),
        ("devices", "local", "--format", "json"),
    ):
        assert run(*words).code == 0, words
    assert "half of the predictions for calibrated CPUs" in run("predict", "conv1x1", "--device", "local").out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threads = 2", "threads = -2", "'threads' is a whole number of at least 0"),
        ("threads = 2", "", "'measured' has no 'threads'"),
        ("threads = 2", "threads = 2\ncores = 3", "unknown key 'cores'"),
        ("each_ns = 1000", "each_ns = 1000\npage_fault_ns = 0", "'page_fault_ns' is a whole number of at least 1"),
        ("call_ns = 4000", 'call_ns = "4 us"', "'relu.call_ns' is a whole number"),
        ("[[10000, 1000000000],", "[[10000, 0],", "'relu.levels' is a whole number of at least 1"),
        ("[[10000, 1000000000],", "[[10000000, 1000000000],", "smallest size first"),
        ("measured.passes.relu", "measured.passes.tanh", "'passes' has no 'relu'"),
        ("measured.products.convolution", "measured.products.conv", "'products' has no 'convolution'"),
    ],
)
def test_a_mistake_in_the_file_has_its_place(home: Path, old: str, new: str, message: str) -> None:
    path = written(home)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(archcost.ConfigError) as found:
        local_device()
    assert message in found.value.diagnostics[0].message
    assert found.value.diagnostics[0].mark is not None


def _predicted(layer: str, shape: list[int], dtype: str = "float32", device: Device = BOX) -> int:
    spec = loads(f"archcost: 1\ninput: {shape}\nlayers:\n  - {layer}\n")
    return archcost.predict(spec, device=device, dtype=dtype).nanoseconds


CONV = "conv2d: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}"
MOVED = 2 * 16 * 10 * 10 * 4
WEIGHTS = 16 * 16 * 9 * 4
MACS = 16 * 10 * 10 * 16 * 9


def test_times_by_hand() -> None:
    # call + 2·MACs at 100 G/s + bytes at 10 GB/s + weights at 5 GB/s; then one and a half times, and 1 µs
    alone = 10_000 + 2 * MACS / 100 + MOVED / 10 + WEIGHTS / 5
    assert _predicted(CONV, [16, 10, 10]) == pytest.approx(1.5 * alone + 1000, abs=5)
    # in bfloat16 products take half: its peak is twice that of float32; and tensors have half the bytes
    alone = 10_000 + 2 * MACS / 200 + MOVED / 2 / 10 + WEIGHTS / 2 / 5
    assert _predicted(CONV, [16, 10, 10], "bfloat16") == pytest.approx(1.5 * alone + 1000, abs=5)
    # a GPU runs while it is called: the longer of both
    work = 2 * MACS / 100 + MOVED / 10 + WEIGHTS / 5
    card = BOX._replace(kind="gpu")
    assert _predicted(CONV, [16, 10, 10], device=card) == pytest.approx(1.5 * max(work, 10_000) + 1000, abs=5)
    # 10,000 bytes at 1 GB/s, and an op that was not measured is the pass that was
    for layer in ("relu", "tanh"):
        assert _predicted(layer, [1, 25, 50]) == pytest.approx(1.5 * (4000 + 10_000) + 1000, abs=5)


def test_between_two_sizes_the_time_of_a_byte_is_on_a_line() -> None:
    # 100,000 is half way from 10,000 to 1,000,000 in logarithms: between 1 and 0.5 ns a byte
    assert RELU.picoseconds(100_000) == 100_000 * 750
    assert RELU.picoseconds(100) == 100 * 1000
    assert RELU.picoseconds(10**9) == 10**9 * 1000
    assert RELU.beyond(1_000_000) == 0
    assert RELU.beyond(10**9) == 10**9 * 500  # 1 ns instead of the 0.5 of what caches hold


def test_rates_are_found_again() -> None:
    kernels = [
        DeviceKernel(0, Pipe.CONVOLUTION, "float32", macs=macs, read=moved, weights=weights)
        for macs, moved, weights in (
            (10**6, 10**5, 10**3),
            (10**7, 10**5, 10**6),
            (10**6, 10**7, 10**4),
            (10**8, 10**6, 10**6),
        )
    ]
    chains = [Chain("c", (k,) * 3, 3 * (2e-5 + 2 * k.macs / 1e11 + k.read / 1e10 + k.weights / 5e9)) for k in kernels]
    found = product_rates(chains, RELU)["c"]
    assert found == ProductRate(20_000, 10**11, 10**10, 5 * 10**9, 0)
    assert company([(chain, round(chain.seconds * 5e8)) for chain in chains]) == (2000, 0)


def test_a_pass_is_call_and_rate() -> None:
    stream = [DeviceKernel(0, Pipe.STREAM, "float32", read=size) for size in (4, 10**5, 10**7)]
    chains = [Chain("relu", (k,) * 2, 2 * (3e-6 + seconds)) for k, seconds in zip(stream, (0, 1e-5, 5e-3), strict=True)]
    assert pass_rates(chains)["relu"] == PassRate(3000, ((10**5, 10**10), (10**7, 2 * 10**9)))


def test_every_chain_is_a_spec_of_its_class() -> None:
    from archcost.timing.kernels import RunMode
    from archcost.timing.measured_rates import product_class
    from archcost.timing.prediction import kernels_of
    from archcost.timing.rate_fits import by_terms

    for case in (*cases(), *blocks()):
        report = archcost.analyze(loads(case.text), batch=case.batch)
        kernels = kernels_of(report, RunMode(tensor_cores=False))
        classes = {product_class(report.graph.nodes[k.node], k) for k in kernels if by_terms(k)}
        assert case.group == BLOCK or classes <= {case.group}, case
        assert kernels, case


UNMEASURED: dict[str, tuple[dict[str, Any], str]] = {
    "a folder that is a file": ({"path": "file/local.toml"}, "cannot write"),
    "threads of no machine": ({"threads": 10**8}, "threads is a whole number from 0 to 1,024"),
    "fewer than none": ({"threads": -1}, "threads is a whole number from 0 to 1,024"),
}


@pytest.mark.parametrize(("how", "message"), UNMEASURED.values(), ids=UNMEASURED)
def test_what_cannot_be_written_or_run_is_told_before_it_is_measured(
    how: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / how.get("path", "local.toml")
    seen: list[str] = []
    with pytest.raises(archcost.UsageError, match=message):
        archcost.calibrate(path, threads=how.get("threads", 0), watch=seen.append)
    assert not seen
    assert not path.exists()


HOSTILE = {
    "a share of nothing": ("share_thousandths = 1500", "share_thousandths = 0", "at least 1, got 0"),
    "no dtype": ('dtype = "float32"', 'dtype = "int3"', "'dtype' is one of float64, float32"),
}


@pytest.mark.parametrize(("old", "new", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_no_machine_gave_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = device_text(BOX)
    assert old in text
    (tmp_path / "box.toml").write_text(text.replace(old, new))
    with pytest.raises(archcost.ArchcostError, match=message):
        archcost.device(tmp_path / "box.toml")


def test_page_faults_come_on_top_where_the_file_says_what_one_takes(home: Path, run: Callable[..., Run]) -> None:
    path = written(home)
    old = path.read_text(encoding="utf-8")
    # An output of 48 MiB is mapped in every run: 12,288 pages of 4 KiB, and one for its header
    spec = loads("archcost: 1\ninput: [48, 512, 512]\nlayers:\n  - relu\n")
    before = archcost.predict(spec, device="local")
    assert (before.page_faults, before.page_fault_ns) == (0, 0)
    assert "page_faults" not in before.to_dict()["bounds"]
    path.write_text(old.replace("each_ns = 1000\n", "each_ns = 1000\npage_fault_ns = 500\n"), encoding="utf-8")
    after = archcost.predict(spec, device="local")
    assert after.page_faults == 12_289
    assert after.nanoseconds - before.nanoseconds == 12_289 * 500 == after.to_dict()["bounds"]["page_faults"]
    assert after.layers == before.layers
    assert local_device().measured == MEASURED._replace(page_fault_ns=500)
    assert device_text(local_device()) == path.read_text(encoding="utf-8")
    assert "page fault" in run("devices", "local").out
    for other in ({"training": True}, {"mixed": "bfloat16"}, {"compiled": True}, {"channels_last": True}):
        assert archcost.predict(spec, device="local", **other).page_faults == 0
    assert archcost.predict(spec, device="local", dtype="bfloat16").page_faults == 0
    file = home / "large.yaml"
    file.write_text("archcost: 1\ninput: [48, 512, 512]\nlayers:\n  - relu\n", encoding="utf-8")
    for words in (("predict", str(file)), ("analyze", str(file))):
        found = run(*words, "--device", "local")
        assert "12,289 pages given back and asked for again: 6.14 ms" in found.out, words


@pytest.mark.parametrize("width", [60, 160])
def test_what_calibrate_shows(
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[str, str], None],
) -> None:
    rate, passes = ProductRate(10_000, 10**11, 10**10, 5 * 10**9, 2000), {"relu": RELU, "local_response_norm": RELU}
    measured = MEASURED._replace(products={**MEASURED.products, "adaptive_avg_pool2d": rate}, passes=passes, spread=150)
    monkeypatch.setenv("COLUMNS", str(width))
    write(CalibrationDocument(BOX._replace(measured=measured), "box.toml", is_local=False), "table", None)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert all(name in shown for name in (*measured.products, *passes))
    golden(f"calibrate/device_{width}.txt", shown)
