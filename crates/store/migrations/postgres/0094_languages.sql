-- In which language the connect page is: of one session, and of an application's customers whose browsers ask for none that
-- the page speaks.

alter table link_session add column language text;
alter table branding add column language text;
