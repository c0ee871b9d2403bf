-- Run by the Postgres image at its first start, with an empty volume. People's keys are apart from
-- what they decipher: a user for each database, who cannot connect to the other.

\getenv password PAWPRINT_DB_PASSWORD
create role pawprint login password :'password';
create database pawprint owner pawprint;
revoke connect, temporary on database pawprint from public;

\getenv password PAWPRINT_KEYS_DB_PASSWORD
create role pawprint_keys login password :'password';
create database pawprint_keys owner pawprint_keys;
revoke connect, temporary on database pawprint_keys from public;

\getenv password STRIPE_SANDBOX_DB_PASSWORD
create role stripe_sandbox login password :'password';
create database stripe_sandbox owner stripe_sandbox;
revoke connect, temporary on database stripe_sandbox from public;
