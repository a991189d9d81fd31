-- MySQL's forms that change the catalogue.
CREATE TABLE `users` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `email` varchar(255) COLLATE utf8mb4_bin NOT NULL,
  `bio` text,
  `kind` enum('a','b') NOT NULL DEFAULT 'a',
  `active` tinyint(1) NOT NULL DEFAULT '1',
  `updated_at` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `place` point NOT NULL SRID 4326,
  PRIMARY KEY (`id`),
  UNIQUE KEY `email` (`email`),
  UNIQUE KEY `bio_start` (`bio`(20)),
  KEY `kind_active` (`kind`,`active` DESC) USING BTREE COMMENT 'x',
  KEY (`kind`),
  INDEX lowered ((lower(`email`))),
  FULLTEXT KEY `bio` (`bio`),
  SPATIAL KEY `place` (`place`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='people';

CREATE TABLE orders (
  id bigint PRIMARY KEY AUTO_INCREMENT,
  user_id int unsigned NOT NULL,
  ref varchar(40) UNIQUE,
  note varchar(40),
  CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE CASCADE
);
-- InnoDB's own index goes when one is made that can replace it.
CREATE TABLE lines (order_id bigint, no int, FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE INDEX lines_order_no ON lines (order_id, no);
ALTER TABLE orders ADD INDEX (note), ADD COLUMN total decimal(10,2) NOT NULL DEFAULT 0 AFTER ref, ADD UNIQUE KEY note_ref (note, ref);
ALTER TABLE orders CHANGE note remark varchar(80) NOT NULL, MODIFY total bigint, RENAME INDEX note TO remark, ENGINE = InnoDB;
ALTER TABLE orders DROP FOREIGN KEY orders_user;
ALTER TABLE lines ADD PRIMARY KEY (order_id, no), ADD COLUMN extra int;
ALTER TABLE lines DROP COLUMN no;
DROP INDEX `kind` ON users;
ALTER TABLE users DROP KEY bio, CONVERT TO CHARACTER SET utf8mb4;
RENAME TABLE lines TO order_lines;
CREATE TABLE users_copy LIKE users;
CREATE FULLTEXT INDEX remark_text ON orders (remark);
ALTER TABLE users ALGORITHM=INPLACE, LOCK=NONE, ADD INDEX by_update (updated_at);
