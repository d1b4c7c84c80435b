# From the top of the repository: docker build --file deploy/compose/mailbox.Dockerfile --tag seatwise/mailbox .
FROM python:3.11-slim-bookworm AS build
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build

# The layer that the units begin with, too.
COPY deploy/local/uv.txt deploy/images/hatchling.txt ./
RUN python -m venv tools && tools/bin/pip install --quiet --no-cache-dir --require-hashes --only-binary :all: \
    --requirement uv.txt --requirement hatchling.txt

COPY pyproject.toml uv.lock ./
RUN tools/bin/uv export --quiet --frozen --package seatwise-suite --no-dev --no-emit-workspace \
        --output-file locked.txt \
    && python -m venv --without-pip /app \
    && tools/bin/uv pip install --quiet --python /app --require-hashes --only-binary :all: --compile-bytecode \
        --requirement locked.txt

FROM python:3.11-slim-bookworm
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/deploy
COPY --from=build /app /app
COPY deploy/compose/mailbox.py /deploy/compose/
COPY deploy/local/ /deploy/local/
RUN mkdir --mode=700 /mail && chown 10001:10001 /mail
USER 10001:10001
EXPOSE 1025 8025
ENTRYPOINT ["python", "-m", "compose.mailbox"]
