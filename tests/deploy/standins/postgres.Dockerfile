FROM seatwise-standin-servers
ENV PATH=/usr/lib/postgresql/15/bin:$PATH LANG=C.UTF-8
RUN mkdir --parents /var/lib/postgresql/data /var/run/postgresql \
    && chown --recursive postgres:postgres /var/lib/postgresql /var/run/postgresql \
    && chmod 1777 /var/lib/postgresql/data && chmod 3777 /var/run/postgresql
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["postgres-entrypoint.sh"]
