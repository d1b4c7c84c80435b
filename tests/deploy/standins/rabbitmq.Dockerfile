FROM seatwise-standin-servers
ENV HOME=/var/lib/rabbitmq RABBITMQ_LOGS=- LANG=C.UTF-8
RUN rm --recursive --force /var/lib/rabbitmq && mkdir --parents /var/lib/rabbitmq /etc/rabbitmq/conf.d /var/log/rabbitmq \
    && chown --recursive rabbitmq:rabbitmq /var/lib/rabbitmq /etc/rabbitmq /var/log/rabbitmq \
    && chmod 777 /var/lib/rabbitmq /var/log/rabbitmq
VOLUME /var/lib/rabbitmq
ENTRYPOINT ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
