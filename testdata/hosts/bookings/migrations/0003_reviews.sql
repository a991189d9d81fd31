CREATE TABLE reviews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    appointment_id INTEGER NOT NULL UNIQUE REFERENCES appointments (id),
    barber_id INTEGER NOT NULL REFERENCES barbers (id),
    rating INTEGER NOT NULL,
    body TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_reviews_barber ON reviews (barber_id);
CREATE INDEX idx_reviews_barber_created ON reviews (barber_id, created_at);
