ALTER TABLE users RENAME TO people;
CREATE INDEX people_role ON people (role) WHERE role = 'admin'::role;
