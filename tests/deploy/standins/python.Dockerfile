FROM seatwise-standin-python
RUN ln -s /usr/bin/python3 /usr/local/bin/python \
    && mkdir /etc/uv && printf 'no-index = true\nfind-links = ["/wheels"]\n' >/etc/uv/uv.toml
COPY *.whl /wheels/
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
