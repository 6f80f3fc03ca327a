# Articles and notices, for both portals.
articles-title = Health knowledge
articles-lead = Written by health professionals of this region, and published after somebody else has reviewed them.
articles-search = Search titles and texts
articles-search-do = Search
articles-all = All articles
articles-topics = Topics
articles-count = { $count ->
    [one] { $count } article
   *[other] { $count } articles
}
articles-pages = Pages
articles-previous = Previous
articles-next = Next
articles-none = No articles yet
articles-none-text = They appear here once they are published.
articles-none-found = No article found
articles-none-found-text = Try another word, or see all articles.
articles-back = Back to health knowledge
article-by = Written by { $author } · reviewed by { $reviewer }
article-reviewed = Reviewed { $date }
article-review-by = next review by { $date }
article-minutes = about { $count } min
article-due = Due for review
article-due-text = This article is past its review date and waits to be reviewed again. It may not be up to date.
article-not-advice = This is general knowledge. For your own case, and for any change of medicines, what your doctor says counts.
article-more = Read on
only-in-chinese = Only in Chinese
only-in-english = Only in English
notice-until = Valid until { $time }
topic-heart = Heart and blood pressure
topic-diabetes = Diabetes
topic-nutrition = Eating well
topic-medicines = Safe use of medicines
topic-tests = Understanding tests
topic-children = Children’s health
topic-older-people = Health in old age
topic-infection = Preventing infection
topic-using-the-portal = Using this portal
