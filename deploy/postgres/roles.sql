-- The database of one service and its three roles; run it again after changing a password or adding a service.
--
--   \set service orders      \set owner_password …      \set app_password …      \set read_password …
--   \include roles.sql
--
-- <service>_owner migrates and owns every table. <service>_app is what web and worker are: it changes rows, not
-- tables. <service>_read looks, for people and reports. None of them gets into another service's database.
\connect postgres
\set owner :service _owner
\set app :service _app
\set read :service _read

SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY[:'owner', :'app', :'read']) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE :"app" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
ALTER ROLE :"read" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'read_password';
ALTER ROLE :"read" SET default_transaction_read_only = on;

SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service')
\gexec
-- By default everybody may connect to every database and make temporary tables there.
REVOKE ALL ON DATABASE postgres, template1, :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"app", :"read";

\connect :"service"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app", :"read";
-- A large object is in no table: everybody might make some, even whoever only looks.
REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"app";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"app";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"read";
-- And on what later migrations make:
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT ON TABLES TO :"read";
