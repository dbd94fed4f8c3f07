-- What the customer may choose on the connect page: a JSON object with lists, empty if nothing.

alter table link_session add column choices text not null default '{}';
