// The merchant's articles, those in the visitor's language first; an agent's source links to one of them.

import { element, prose } from "./dom.js";
import { config, startPage } from "./page.js";

const list = document.getElementById("articles");

startPage({
  draw: ({ say }) => {
    const ours = (article) => Number(article.language === say.language);
    const articles = [...config.articles].sort((one, other) => ours(other) - ours(one));
    list.replaceChildren(...articles.map((article) =>
      element("details", { id: article.slug, lang: article.language, open: `#${article.slug}` === location.hash },
        element("summary", {}, article.title), prose(article.content))));
    document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
  },
});

window.addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target) target.open = true;
});
