"""The suite in containers: on one machine, with PostgreSQL and RabbitMQ."""
