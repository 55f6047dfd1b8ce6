// Where the page is: below whatever path a gateway puts in front, and of which dataset, null of all of them.
const [, ROOT, NAMED = null] = location.pathname.match(/^(.*?)(?:\/datasets\/([^/]+))?\/docs$/);
const DATASET = NAMED;
