-- What must hold in every AgentPay database, after a restore above all. One row for each rule that is broken, with how
-- often: no rows, all is well. Reads only. psql "$AGENTPAY_DATABASE_URL" -f deploy/check_invariants.sql
select rule, broken from (
  select 'messages and events lie within what their conversation counted' as rule, count(*) as broken
    from conversations c
    where c.last_sequence < (select max(sequence) from messages m where m.conversation_id = c.id)
      or c.last_offset < (select max("offset") from events e where e.conversation_id = c.id)
  union all
  select 'a draft belongs to a running turn', count(*)
    from drafts d join turns t on t.id = d.turn_id where t.status <> 'running'
  union all
  select 'a completed turn has its reply', count(*)
    from turns t join conversations c on c.id = t.conversation_id and c.erased_at is null
    where t.status = 'completed' and not exists (select from messages m where m.id = t.reply_id)
  union all
  select 'budgets are what their entries add up to', count(*)
    from budgets b
    left join lateral (
      select coalesce(sum(amount) filter (where status = 'reserved'), 0) as reserved,
        coalesce(sum(amount) filter (where status = 'committed'), 0) as committed
      from budget_entries e
      where (e.organization_id, e.kind, e.scope, e.scope_id, e.currency, e.period, e.period_start)
        = (b.organization_id, b.kind, b.scope, b.scope_id, b.currency, b.period, b.period_start)) sums on true
    where (b.reserved, b.committed) <> (sums.reserved, sums.committed)
  union all
  select 'a paid sale has a succeeded checkout', count(*)
    from orders o join checkouts c on c.id = o.checkout_id
    where o.is_sale and o.is_paid and c.status <> 'succeeded'
  union all
  select 'a paid sale has redeemed its offer', count(*)
    from orders o join offers f on f.id = o.offer_id
    where o.is_sale and o.is_paid and f.status <> 'redeemed'
  union all
  select 'a checkout is sold once', count(*)
    from (select checkout_id from orders where is_sale and is_paid group by checkout_id having count(*) > 1) twice
  union all
  select 'an active organization has its Polar token', count(*)
    from organizations o
    where o.deleted_at is null and o.status = 'active' and not exists (
      select from organization_secrets s
      where s.organization_id = o.id and s.kind = 'polar_token' and s.expires_at is null)
) rules
where broken > 0
order by rule;
