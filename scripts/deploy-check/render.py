"""Lints the Helm chart and renders it with each file of values in its folder ci/, with Helm's own code: render.py CHART OUTPUT.

Writes one OUTPUT/CASE/TEMPLATE.yaml for each template. Called by ../deploy-check.ts.
"""

import pathlib
import sys

from helm_python import Chart, lint, values_from_yaml

chart, output = (pathlib.Path(each) for each in sys.argv[1:])
problems = []
for file in sorted((chart / "ci").glob("*-values.yaml")):
    values = values_from_yaml(file.read_text())
    report = lint(chart, values=values, strict=True)
    problems += [f"{file.name}: {message['path']}: {message['error']}" for message in report["messages"] if message["severity"] > 1]
    folder = output / file.name.removesuffix("-values.yaml")
    folder.mkdir(parents=True)
    rendered = Chart.load(chart).render(values, name="team", namespace="llm", is_install=True)
    for template, text in rendered.items():
        name = pathlib.Path(template).name
        if text.strip() and not name.startswith("_"):
            (folder / name).write_text(text)
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
