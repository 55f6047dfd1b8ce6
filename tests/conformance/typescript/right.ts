// What a frontend does with the generated client. All of it compiles.
import createClient from "openapi-fetch";

import type { components, paths } from "./everything";
import type { paths as PairPaths } from "./pairs";

const address = { baseUrl: "http://127.0.0.1:8000", headers: { Authorization: "Bearer tolva_…" } };
// Lists of values are separated by commas, or a parameter for each.
const lists = { querySerializer: { array: { style: "form", explode: false } } } as const;
const client = createClient<paths, "application/json" | "application/problem+json">({ ...address, ...lists });
const pairs = createClient<PairPaths, "application/json" | "application/problem+json">({ ...address, ...lists });

const page = await client.GET("/datasets/everything/records", {
  params: {
    query: {
      size: "M",
      size__in: ["S", "M"],
      stock__gte: 1,
      price__between: ["0.10", "20"],
      released__gt: "2024-01-01",
      active: true,
      maker__isnull: false,
      _select: ["code", "price", "size", "weight"],
      _sort: ["-price", "code"],
      _embed: ["maker"],
      _count: "estimated",
      _limit: 20,
    },
  },
});
for (const record of page.data?.data ?? []) {
  const price: string | null | undefined = record.price;
  const size: "S" | "M" | "L" | null | undefined = record.size;
  const weight = Number(record.weight ?? 0);
  const maker: string | null | undefined = record._embedded?.maker?.name;
  console.log(price, size, weight, maker);
}
const following: string | null | undefined = page.data?.next;

const found = await client.POST("/datasets/everything/records/query", {
  body: { where: { _or: [{ size: { in: ["S", "L"] } }, { price: { lt: "5" } }], _not: { active: false } }, sort: ["-stock"] },
});
const refused: string | undefined = found.error?.detail;

const whole: components["schemas"]["everything_record"] = {
  code: "B1",
  maker: null,
  stock: 1,
  ean: "9007199254740993",
  weight: 1.5,
  price: "0.10",
  size: "S",
  active: null,
  released: "2024-02-29",
  updated: null,
  batch: null,
  details: { any: ["thing"] },
  photo: {
    id: "img_0123456789abcdef0123",
    url: "/images/img_0123456789abcdef0123/content?v=a&w=1280",
    width: 1600,
    height: 1200,
    alt: null,
    color: "#a1b2c3",
    placeholder: "data:image/webp;base64,UklGRg==",
    variants: { "256": "/a", "640": "/b", "1280": "/c" },
  },
};
const photo: string = whole.photo?.id ?? "lamp.jpg";
const thumbnail: string | undefined = whole.photo?.variants["256"];
await client.POST("/datasets/everything/records", { body: { ...whole, photo } });
await client.POST("/datasets/everything/records", { body: [{ code: "B2", stock: 2, price: "1.5" }] });
const path = { key: "B1" };
await client.PATCH("/datasets/everything/records/{key}", { params: { path }, body: { price: "2.00", size: null } });
await pairs.GET("/datasets/pairs/records/{region},{year}", { params: { path: { region: "north, east", year: 2024 } } });
await pairs.POST("/datasets/pairs/records/get", { body: { keys: [["north, east", 2024]] } });

const sums = await client.GET("/datasets/everything/aggregate", {
  params: { query: { _group: ["size", "released__month"], _aggregate: ["count", "price__sum"], _sort: ["-count"] } },
});
const total: string | null | undefined = sums.data?.data[0]?.price__sum;
console.log(following, refused, total, thumbnail);
