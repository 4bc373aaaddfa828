# The archcost command in a slim image, from a folder of wheels and without a network: `make image`, or
#   pip wheel --wheel-dir build/wheels .
#   docker build --network none --tag archcost --file Dockerfile build/wheels
# The Python must be the one that the wheels were made with, because PyYAML's is compiled: --build-arg PYTHON=3.12
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS installed
COPY *.whl /wheels/
RUN python -m venv --without-pip /opt/archcost
RUN python -m pip --python /opt/archcost --disable-pip-version-check install --quiet --no-index --find-links /wheels archcost

FROM python:${PYTHON}-slim
COPY --from=installed /opt/archcost /opt/archcost
ENV PATH=/opt/archcost/bin:$PATH LANG=C.UTF-8
RUN useradd --create-home --uid 1000 archcost
USER archcost
WORKDIR /repo
ENTRYPOINT ["archcost"]
CMD ["--help"]
