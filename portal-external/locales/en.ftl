# The public portal's own words.

patient-sign-in = Sign in to Regional Health
patient-sign-in-lead = See your results and your health record
patient-username-hint = The user name you registered with
patient-sign-in-note = No account, or forgot your password? Take your ID card to the service desk of your hospital.
patient-hello = Hello, { $name }
patient-my-record = My health record
patient-reading-range = Each result has its value, reference range, date and hospital. Out of range is not always an illness: it depends on you.
patient-reading-doctor = The reporting hospital’s range and your doctor’s word count.
patient-no-record = There is no record to show yet
patient-no-record-text = Your account is not linked to a hospital’s registration. Take your ID card to your hospital’s service desk.
patient-hospitals-note = Results come straight from these hospitals. Those of others are not here.
patient-record-lead = The record of { $name }, straight from the hospitals
patient-sections = What you can see
patient-back-record = Back to my record
patient-demographics-lead = What each hospital has about you
patient-differences = Hospitals have it differently
patient-differences-text = { $what }: hospitals do not agree. Take your ID card along to your next visit and have it checked.
patient-demographics-wrong = If something is wrong, ask that hospital’s service desk to correct it; nothing is rewritten here.
patient-show = Show
patient-show-all = All { $count }
patient-show-abnormal = Out of range { $count }
patient-find = Find one
patient-find-example = e.g. glucose
patient-find-submit = Find
patient-newer = Newer results
patient-older = Older results
patient-say-title = Hard to understand, or very different from last time?
patient-say-range = The reporting hospital’s range and your doctor’s word count. Numbers depend on your situation: please ask your doctor.
patient-say-review = A result that a doctor has looked at may still need care. If you feel unwell do not wait: see a doctor.
plain-filtered-title = No such results
plain-filtered-text = You have { $total } results in all.
plain-filtered-all = Show all results
patient-back-results = Back to my results
detail-newest = Newest result
detail-urgent-title = Get medical help soon
detail-urgent-text = This result is far outside its range. Contact the hospital that reported it or your doctor soon. With chest tightness, palpitations, weakness or confusion, call 120 at once.
detail-review-title = Has a doctor looked at it?
detail-course = How it went
detail-earlier = Earlier results
detail-earlier-none = No earlier results
detail-earlier-none-text = When the same test is done again, the results will stand here together.

# Summary and visits
patient-summary-lead = Allergies, medicines, diagnoses and recent results, straight from your hospitals
patient-visits-lead = Your outpatient and emergency visits, newest first
patient-allergies = Allergies: tell your doctor first
patient-differs-ask = Take the box or the papers to your doctor; don’t change anything yourself.
patient-medicines = Medicines you take now
patient-all-results = See all results
patient-all-visits = See all visits
patient-words-title = What the words mean
patient-summary-words = “Provisional”: still being looked into. “Presumed”: looks like it, not proven. “No answer”: that hospital’s system did not answer this time; it may have records.
patient-summary-wrong = If something is wrong, ask the hospital that wrote it; this site never changes a hospital’s record.
patient-visits-words = “Differential”, “provisional”: the doctor was still considering it. “No diagnosis recorded”: the hospital wrote none; that doesn’t mean there was nothing.

# The newest results of the first page
newest-failed = Your results can’t be looked up now
newest-failed-text = That does not mean there are none. Please look again later.
newest-held = There are results that can’t be shown here yet; see below why.

# Widgets of the first page
widget-hospitals = Connected hospitals
widget-hospitals-hint = Whose records you can see
widget-notices = Notices
widget-notices-hint = Notices that hold just now
widget-text = Text
widget-text-hint = A text of your own (Markdown)
widget-text-text = Text
articles-sign-in = Read about health without signing in

# Messages to patients
message-record-opened-title = Your health record was opened in an emergency
message-record-opened-text = { $name } ({ $organisation-en }) opened your health record in an emergency, until { $until }. Hospitals review every such access. If it surprises you, ask your hospital.
