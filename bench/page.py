"""Tables for the terminal, docs/benchmarks.md and its pictures."""

from __future__ import annotations

import datetime
import platform
import subprocess
from pathlib import Path
from statistics import median

from servers import TOP
from works import WORKS, Work

DOCS = TOP / "docs"

# missed bounds and their causes, written by hand
NOTES = TOP / "bench/notes.md"


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().split("\n"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def reached(what: str, figure: float, bound: float, least: bool = False,
            form: str = ".2f") -> str:
    good = figure >= bound if least else figure <= bound
    return (f"| {what} | {figure:{form}} | {'≥' if least else '≤'} "
            f"{bound:{form}} | {'yes' if good else '**no**'} |")


def verdict(target, rows: dict) -> str:
    what = {"rate": "requests/s", "cpu": "CPU/request"}[target.figure]
    return reached(f"{what} against {target.peer}",
                   rows[target.peer][target.figure + " ratio"], target.bound,
                   target.figure == "rate")


def others(results: dict) -> list[str]:
    """The rows that are not a ratio of two peers of a work."""
    scale = {name: row[2][0] / row[1][0]
             for name, row in results["workers"].items()}
    ours = results["merchants"]["violet"]
    memory, files = (results["sizes"][name]
                     for name in ("violet, memory", "proxy_cache"))

    return [
        "| 5,000 callers of a cold report " + reached(
            "time from Violet's answer to the last one's against bare writes",
            last_answer(results["flood"]), 1.25),
        "| 5,000 callers of a cold report " + reached(
            "ms that another caller's memory hit takes meanwhile, the worst",
            median(results["flood"]["others"]), 12, form=".1f"),
        "| any answer of 4 MB " + reached(
            "ms for which one request holds the event loop",
            max(median(taken) for taken in results["answers"].values()), 10,
            form=".1f"),
        "| 2 workers against 1 " + reached(
            "requests/s, as `return 200` scales", scale["violet"],
            scale["return"], True),
        "| 100,000 reports in memory " + reached(
            "CPU of a hit against 100 reports", ours[100_000] / ours[100],
            1.1),
        "| memory hit of 64 kB " + reached(
            "CPU/request against proxy_cache", memory[65536] / files[65536],
            1),
        "| memory hit of 1 MB " + reached(
            "CPU/request against proxy_cache",
            memory[1048576] / files[1048576], 1.2),
    ]


def last_answer(took: dict) -> float:
    return median(a / b for a, b in zip(took["violet"], took["bare"]))


def table(work: Work, rows: dict) -> str:
    lines = [f"### {work.title[0].upper()}{work.title[1:]}", ""]
    latency = "at" in rows[work.ours.label]

    head = ["", "requests/s", "CPU, µs", "Redis's CPU, µs", "memory, MB"]
    if latency:
        head += ["p50, ms", "p99", "p99.9"]
    lines += ["| " + " | ".join(head) + " |",
              "|---" * len(head) + "|"]

    for label, row in rows.items():
        cells = [label, f"{row['rate']:,.0f}", f"{row['cpu']:.1f}",
                 f"{row['redis']:.1f}", f"{row['memory'] / 1024:.0f}"]
        if latency:
            cells += [f"{row[name]:.2f}" for name in ("p50", "p99", "p99.9")]
        lines.append("| " + " | ".join(cells) + " |")

    if latency:
        lines += ["", f"Latency at {rows[work.ours.label]['at']:,.0f} "
                      "requests/s."]

    lines += ["", "| violet | ratio | to reach | reached |", "|---|---|---|---|"]
    lines += [verdict(target, rows) for target in work.targets]

    return "\n".join(lines) + "\n"


def special(name: str, result) -> str:
    return {"flood": flood, "tails": tails, "answers": answers,
            "connections": connections, "workers": workers,
            "merchants": merchants, "sizes": sizes}[name](result)


def flood(took: dict) -> str:
    lines = ["### 5,000 callers of a cold report", "",
             "From Violet's one answer to the last caller's; the bare writes "
             "are a loop that sends as many bytes to as many callers, and "
             "has no HTTP. The others ask every ms for a report in memory; of "
             "them the worst wait after Violet's answer counts.", "",
             "| ms | median | least | most |", "|---|---|---|---|"]
    for label, name in (("violet", "violet"), ("bare writes", "bare"),
                        ("others' worst wait", "others")):
        lines.append(f"| {label} | {median(took[name]):.0f} | "
                     f"{min(took[name]):.0f} | {max(took[name]):.0f} |")
    return "\n".join(lines) + "\n"


def tails(rows: dict) -> str:
    lines = ["### One caller beside a load", "",
             "A caller asks 500 times a second for a report in memory, while "
             "32 connections make a load at full speed of the same worker. "
             "Load, caller, Redis and the server in Violet's place share the "
             "other CPUs. The worst wait is the median of those of the "
             "rounds.", "",
             "| the caller's ms beside | p50 | p99 | worst | worst of all "
             "rounds |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(
            f"{row[figure]:.2f}" for figure in ("p50", "p99", "worst",
                                                "most")) + " |")
    return "\n".join(lines) + "\n"


def answers(rows: dict) -> str:
    lines = ["### Answers of 4 MB", "",
             "The longest time, in ms of the worker's CPU, between two calls "
             "of epoll_wait() during one whole request: no other request "
             "makes progress meanwhile.", "",
             "| request | median | least | most |", "|---|---|---|---|"]
    for name, taken in rows.items():
        lines.append(f"| {name} | {median(taken):.1f} | {min(taken):.1f} | "
                     f"{max(taken):.1f} |")
    return "\n".join(lines) + "\n"


def workers(rows: dict) -> str:
    lines = ["### Two workers", "",
             "| | requests/s, 1 worker | 2 workers | CPU of 2 / of 1 |",
             "|---|---|---|---|"]
    for name, row in rows.items():
        lines.append(f"| {name} | {row[1][0]:,.0f} | {row[2][0]:,.0f} | "
                     f"{row[2][1] / row[1][1]:.2f} |")
    return "\n".join(lines) + "\n"


def by_number(title: str, what: str, rows: dict) -> str:
    columns = list(next(iter(rows.values())))
    lines = [f"### {title}", "",
             f"| CPU of a hit, µs; {what} | "
             + " | ".join(f"{n:,}" for n in columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    for label, row in rows.items():
        lines.append(f"| {label} | "
                     + " | ".join(f"{row[n]:.1f}" for n in columns) + " |")
    return "\n".join(lines) + "\n"


def connections(rows: dict) -> str:
    return by_number("Connections", "connections", rows)


def merchants(rows: dict) -> str:
    ours = rows["violet"]
    return by_number("Many merchants", "reports in memory", rows) + (
        f"\n100,000 reports against 100: "
        f"{ours[100_000] / ours[100]:.2f}; to reach: ≤ 1.10.\n")


def sizes(rows: dict) -> str:
    return by_number("Large reports", "bytes of a report", rows)


def gnuplot(script: str) -> None:
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def bars(path: Path, results: dict) -> None:
    """CPU of a request, all works and peers."""
    lines, ticks, x = [], [], 0

    for work in WORKS:
        if work.name == "large":
            continue
        begin = x
        for label, row in results[work.name].items():
            ours = label == work.ours.label
            lines.append(f'{x} {row["cpu"]:.2f} {1 if ours else 2} '
                         f'"{label}"')
            x += 1
        ticks.append(f'"{work.title}" {(begin + x - 1) / 2}')
        x += 1

    # room for the name beside the longest bar
    longest = max(row["cpu"] for work in WORKS if work.name != "large"
                  for row in results[work.name].values())
    data = "\n".join(lines)
    gnuplot(f"""
set terminal svg size 900,{60 + 22 * x} font "sans-serif,13" background "white"
set output "{path}"
set title "CPU of the gateway for one request, in µs (less is better)"
set yrange [{x - 1}:-1]
set xrange [0:{1.3 * longest:.1f}]
set style fill solid
unset key
set ytics ({", ".join(ticks)}) scale 0 noenhanced
set grid xtics
$data << END
{data}
END
plot $data using ($2/2):1:($2/2):(0.4):3 with boxxyerror \\
         linecolor variable, \\
     $data using 2:1:4 with labels left offset 0.7,0 font ",11" \\
         noenhanced
""")


def curves(path: Path, rows: dict, title: str, x_title: str,
           name=lambda x: f"{x:,}") -> None:
    blocks, plots = [], []
    numbers = list(next(iter(rows.values())))
    ticks = ", ".join(f'"{name(x)}" {x}' for x in numbers)

    for i, (label, row) in enumerate(rows.items()):
        points = "\n".join(f"{x} {y:.2f}" for x, y in row.items())
        blocks.append(f"$curve{i} << END\n{points}\nEND\n")
        plots.append(f'$curve{i} using 1:2 with linespoints pt 7 ps 0.5 '
                     f'lw {3 if label.startswith("violet") else 1} '
                     f'title "{label}" noenhanced')

    gnuplot(f"""
set terminal svg size 900,450 font "sans-serif,13" background "white"
set output "{path}"
set title "{title}"
set xlabel "{x_title}"
set ylabel "µs"
set logscale xy
set xrange [{numbers[0]}:{numbers[-1]}]
set xtics ({ticks})
set rmargin 6
set grid
set key left top
{"".join(blocks)}
plot {", ".join(plots)}
""")


def versions() -> str:
    packages = ("nginx", "libnginx-mod-http-lua", "varnish", "haproxy",
                "redis-server")
    found = []
    for package in packages:
        version = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package],
            capture_output=True, text=True).stdout
        found.append(f"{package} {version}")
    return ", ".join(found)


def write(results: dict) -> None:
    setting = results["setting"]

    bars(DOCS / "benchmarks.svg", results)
    curves(DOCS / "benchmarks-sizes.svg", results["sizes"],
           "CPU of a hit by the size of the report", "report",
           lambda x: f"{x // 1024} kB" if x < 1 << 20 else f"{x >> 20} MB")
    curves(DOCS / "benchmarks-merchants.svg", results["merchants"],
           "CPU of a hit by the number of merchants", "reports in memory")

    summary = ["| work | figure | ratio | to reach | reached |",
               "|---|---|---|---|---|"]
    for work in WORKS:
        for target in work.targets:
            summary.append(f"| {work.title} "
                           + verdict(target, results[work.name]))

    summary += others(results)

    page = f"""# Benchmarks

Made by `make bench` on {datetime.date.today()}: {setting["cpus"]} CPUs \
({cpu_model()}), Linux {platform.release()}, Debian's {versions()}; \
{setting["rounds"]} rounds of {setting["seconds"]:g} s each, \
{setting["took"] / 60:.0f} minutes. `BENCH_SECONDS=1 BENCH_ROUNDS=1 make \
bench` is a quick look; `bench/run memory` measures one row again.

All peers of a row take turns within one run. The results are the ratios: the \
figure of the gateway divided by that of the peer in the same round, median \
over the rounds. One worker on a CPU of its own, 32 connections, bodies of \
3.7 kB, another nginx in Violet's place. wrk makes the load; the CPU is that \
of the workers, from `/proc`. h2load measures the latency, at half the rate \
of the slowest peer of the row, since wrk has no fixed rate. Memory is the \
proportional share (PSS) of all processes of the gateway. Each peer is \
configured as well as we could, see [bench](../bench); improvements are \
welcome.

![CPU of the gateway for one request](benchmarks.svg)

## Ratios

{chr(10).join(summary)}

{NOTES.read_text().strip()}

## Figures

"""
    parts = [table(work, results[work.name]) for work in WORKS]
    parts += [flood(results["flood"]), tails(results["tails"]),
              answers(results["answers"]),
              connections(results["connections"]),
              workers(results["workers"]),
              merchants(results["merchants"]),
              "![CPU by the number of merchants](benchmarks-merchants.svg)\n",
              sizes(results["sizes"]),
              "![CPU by the size of the report](benchmarks-sizes.svg)\n"]

    (DOCS / "benchmarks.md").write_text(page + "\n".join(parts))
