-- Run by the Postgres image at its first start, with an empty volume. People's keys are apart from
-- what they decipher: a user for each database, who cannot connect to the other.

\getenv password PAWPRINT_DB_PASSWORD
create role pawprint login password :'password';
create database pawprint owner pawprint;
revoke connect, temporary on database pawprint from public;

-- Analysts read the schema analytics, which `pawprint` makes and grants to this role. It is granted to
-- roles of people: docs/how-to/query-the-read-models.md.
create role pawprint_analyst nologin connection limit 10;
alter role pawprint_analyst set search_path = analytics;
alter role pawprint_analyst set default_transaction_read_only = 'on';
alter role pawprint_analyst set statement_timeout = '60s';
alter role pawprint_analyst set lock_timeout = '5s';
alter role pawprint_analyst set idle_in_transaction_session_timeout = '60s';
alter role pawprint_analyst set transaction_timeout = '5min';
grant connect on database pawprint to pawprint_analyst;

\getenv password PAWPRINT_KEYS_DB_PASSWORD
create role pawprint_keys login password :'password';
create database pawprint_keys owner pawprint_keys;
revoke connect, temporary on database pawprint_keys from public;

\getenv password STRIPE_SANDBOX_DB_PASSWORD
create role stripe_sandbox login password :'password';
create database stripe_sandbox owner stripe_sandbox;
revoke connect, temporary on database stripe_sandbox from public;
