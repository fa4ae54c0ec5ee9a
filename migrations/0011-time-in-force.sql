-- How long a limit leg works at its venue.

alter table legs add column time_in_force text;
comment on column legs.time_in_force is 'gtc, ioc, fok, post-only; null is gtc';
