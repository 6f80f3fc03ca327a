date-long = { $day } { $month } { $year }
