# Shell, sign-in and error pages of both portals. Keys match zh-CN.ftl one to one.

brand-internal = Regional Health Portal
brand-external = Regional Health
skip-to-content = Skip to content
other-language = 中文
theme-dark = Dark
theme-light = Light
theme-auto = As the system
print = Print
sign-out = Sign out
nav-main = Main
nav-bottom = Bottom
nav-desk = Desk
nav-patients = Patients
nav-index = Patient index
nav-data-quality = Data quality
nav-jobs = Background jobs
nav-sources = Data sources
nav-flows = Authorization flows
nav-pages = Pages
nav-roles = Roles
nav-administration = Administration
nav-articles = Health knowledge
nav-desk-articles = Articles desk
nav-notices = Notices
nav-home = Home
nav-booking = Book
nav-record = Health record
nav-results = My results
bar-search-label = Find another patient
foot-emergency = In an emergency call 120 at once
foot-not-a-diagnosis = Nothing here replaces a doctor’s diagnosis
list-separator = , { "" }
sentence-separator = ; { "" }

# Dates
date-long = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }
date-month = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }
date-year = { $year }
date-weekday = { $weekday ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}, { date-long }

# Sign-in
sign-in-refused-title = Wrong user name or password
sign-in-refused-text = Check both and try again. Several wrong tries pause signing in for a while.
sign-in-unavailable-title = Your account can’t be checked right now
sign-in-unavailable-text = The account service does not answer; your password is not the reason. Try again in a minute or two.
sign-in-too-many-title = Too many tries
sign-in-too-many-text = To protect the account, signing in is paused for a while. Try again in some minutes.
sign-in-missing-title = Enter your user name and password
sign-in-missing-text = Both are needed to sign in.
sign-in-expired-title = Your session has ended, please sign in again
sign-in-expired-text = Nothing happened for a while, so you were signed out. After signing in you return to your page.
sign-in-stale-title = The page was open for too long
sign-in-stale-text = Please send it once more; nothing was lost.
sign-in-signed-out-title = You have signed out
sign-in-signed-out-text = On a shared computer, close the browser as well.
sign-in-to-field = Go to the field
username = User name
password = Password
organisation = Organisation
sign-in = Sign in

# Error pages
error-prefix = Error: { "" }
error-what = What happened
error-report = Still not working?
error-report-text = Call your IT desk and give them the number below: it leads them to the cause.
error-report-plain = If you need help, tell us this number:
error-request-id = Number
error-time = Time
error-status = Status
error-retry-after = Try again in { $seconds } s.
try-again = Try again
to-desk = Back to the desk
to-home = Back to the first page
to-search = Find a patient
to-sign-in = Sign in
error-not-found-title = This page can’t be found
error-not-found-text = The address may be incomplete, the content may be gone, or you may not be allowed to see it.
error-not-found-next = Start from the first page or the menu; nothing else is affected.
error-forbidden-title = You are not allowed to do this
error-forbidden-text = Your account lacks this permission. Nothing was changed.
error-forbidden-next = If your work needs it, ask your organisation’s portal administrator.
error-break-glass-required-title = No treatment relation: the record was not opened
error-break-glass-required-text = This patient is registered, but you have no treatment relation with them, so the record was not opened.
error-break-glass-required-next = Ask the treating doctor for a referral or a consultation; in an emergency call the treating department.
error-not-signed-in-title = Please sign in first
error-not-signed-in-text = This page needs you to sign in, or your session has ended.
error-not-signed-in-next = After signing in you return to this page.
error-too-many-title = Too many requests, please wait
error-too-many-text = There were too many requests in a short time, so the portal paused its answers.
error-too-many-next = Wait a moment and try again; reloading does not make it faster.
error-invalid-title = This request was not carried out
error-invalid-text = The portal can’t make sense of what was sent. Nothing was changed.
error-invalid-next = Go back, check the form and send it again.
error-conflict-title = Somebody changed this just now
error-conflict-text = What you saw is no longer the latest, so nothing was saved.
error-conflict-next = Open the page again and repeat your change.
error-unavailable-title = The portal can’t do this right now
error-unavailable-text = A service that the portal depends on does not answer. What was not saved will not be saved twice; what was saved is not lost.
error-unavailable-next = Try again in a while. If it is urgent, use the hospital systems directly or the telephone.
error-unavailable-next-plain = Try again in a few minutes; there is no need to keep reloading.
error-meanwhile = What you can do now
error-meanwhile-open = Pages that are open
error-meanwhile-open-text = Can be read and printed until they are closed.
error-meanwhile-own = The hospital’s own systems
error-meanwhile-own-text = Do not go through this portal; sign in to each of them.
error-meanwhile-closed = Records that do not open
error-meanwhile-closed-text = Every access is logged first; without the log nothing is opened, in an emergency either. Call the treating department.
error-urgent-plain = Do not wait in an emergency
error-urgent-plain-text = Chest pain, shortness of breath, sudden trouble speaking: call 120 at once.
error-internal-title = Something went wrong in the portal
error-internal-text = The fault is ours and has been recorded.
error-internal-next = Try again; if it happens again, give the number below.
error-request-timeout-title = The request did not arrive completely
error-request-timeout-text = The network was slow or broke off before everything had arrived.
error-request-timeout-next = Check your connection and try again.
error-too-large-title = What you sent is too large
error-too-large-text = It exceeds what the portal accepts. Nothing was changed.
error-too-large-next = Send less and try again.
error-method-not-allowed-title = This address does not support that
error-method-not-allowed-text = Nothing was changed.
error-method-not-allowed-next = Start from the first page or the menu.
error-unsupported-media-type-title = This format is not supported
error-unsupported-media-type-text = The portal can’t read this format. Nothing was changed.
error-unsupported-media-type-next = Use the form on the page.

# Widgets of a page
widget-category-record = Patients and records
widget-category-content = Content
widget-category-ways = Ways
widget-category-portal = Portal
widget-unknown = Unknown widget ({ $kind })
widget-later = On its way…
widget-wait = Wait for it
widget-expand = Show
widget-trouble-failed = This part of the page failed
widget-trouble-failed-text = The rest of the page is not affected.
widget-trouble-too-slow = This part of the page did not come in time
widget-trouble-too-slow-text = The rest of the page is not affected.
widget-trouble-out-of-service = This part of the page is out of service
widget-trouble-out-of-service-text = It kept failing and rests for a while; it comes back by itself.
widget-trouble-settings = The settings of this part no longer fit
widget-trouble-settings-text = They are all kept; whoever looks after the page can mend them.
widget-trouble-other-version = The settings of this part are of another version
widget-trouble-other-version-text = They are all kept; whoever looks after the page has to set them anew.
widget-trouble-unknown = This widget is not installed here
widget-trouble-unknown-text = Its place and settings are kept; it comes back when it is installed.
misfit-missing = Has to be filled in
misfit-unknown = There is no such setting
misfit-wrong-type = Not the right kind of value
misfit-too-long = Too long
misfit-out-of-bounds = Beyond its bounds
misfit-unknown-choice = Not one of the choices
misfit-no-address = Not an address that can be opened
widget-links = Links
widget-links-hint = Links that you put together
widget-links-title = Name
widget-links-url = Address
widget-links-none = No links are set yet.
widget-applications = Applications
widget-applications-hint = Ways to other systems, each with its own sign-in
widget-applications-title = Name
widget-applications-url = Address
widget-applications-icon = Icon
widget-applications-none = No applications are set yet.
widget-calendar = Calendar
widget-calendar-hint = This month
widget-calendar-first-day = The week begins on
widget-calendar-first-day-monday = Monday
widget-calendar-first-day-sunday = Sunday
widget-what-to-do = What would you like to see?
widget-what-to-do-hint = Ways into your own record
widget-new-results = Newest laboratory results
widget-new-results-hint = What matters most of the newest day
widget-reading = How to read results
widget-reading-hint = How results are to be read
widget-health-education = Health education
widget-health-education-hint = What is new to read about health
widget-health-education-most = Articles shown at most
icon-name-layers = Layers
icon-name-hospital = Hospital
icon-name-scan = Scan
icon-name-flask-conical = Flask
icon-name-stethoscope = Stethoscope
icon-name-bed = Bed
icon-name-pill = Pill
icon-name-syringe = Syringe
icon-name-receipt-text = Receipt
icon-name-heart-pulse = Heartbeat
icon-name-file-text = Document
icon-name-users = People
weekday = { $day ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
 }
weekday-short = { $day ->
    [1] Mo
    [2] Tu
    [3] We
    [4] Th
    [5] Fr
    [6] Sa
   *[7] Su
 }

# Messages
nav-messages = Messages
messages-title = Messages
messages-unread = { $count } unread
messages-new = New
messages-mark = Mark as read
messages-mark-all = Mark all as read
messages-none = No messages
messages-none-text = What concerns you is told here.

# Acting for somebody else
acting-for = You are acting for { $name }
acting-end = Change or go back
foot-sharing = Family access
foot-access-log = Who looked at my record
