CREATE TABLE `orders` (`id` INT PRIMARY KEY, `user_id` INT UNSIGNED, FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)) ENGINE=InnoDB;
