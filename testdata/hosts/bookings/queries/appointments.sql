-- name: ListBarberDay :many
-- A barber's calendar for a day or a week.
SELECT id, client_id, status, start_time, duration_minutes
FROM appointments
WHERE barber_id = ? AND start_time >= ? AND start_time < ?
ORDER BY start_time;

-- name: ListClientHistory :many
SELECT a.id, a.start_time, a.status, b.name AS barber
FROM appointments AS a
JOIN barbers AS b ON b.id = a.barber_id
WHERE a.client_id = ?
ORDER BY a.start_time DESC
LIMIT 20;

-- name: CountBookedOnDate :one
SELECT count(*) FROM appointments WHERE date(start_time) = ? AND status = 'booked';

-- name: GetAppointment :one
SELECT * FROM appointments WHERE id = ?;

-- name: CancelAppointment :exec
UPDATE appointments SET status = 'cancelled' WHERE id = ? AND client_id = ?;

-- name: ListUpcoming :many
-- Served by idx_appointments_start.
SELECT id, barber_id, start_time FROM appointments WHERE start_time > ? ORDER BY start_time LIMIT 50;
